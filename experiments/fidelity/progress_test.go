package fidelity

import (
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// TestProgress: scores are counted one by one up to the number that was told first, with
// baselines, and with several applications, of which one has too few flows.
func TestProgress(t *testing.T) {
	real, synthetic := office(80, 1), office(80, 2)
	for i, f := range real {
		f.Application = []flow.Application{flow.HTTP, flow.DNS}[i%2]
		if i < 5 {
			f.Application = flow.SMTP
		}
	}
	var steps, first, last int64
	cfg := Config{Trees: 2, FloorSplits: 2, Folds: 2, Progress: func(done, total int64, unit string) {
		if steps++; steps == 1 {
			first = total
		}
		if done != steps || total != first || unit != "scores" {
			t.Fatalf("step %d: %d of %d %s, want %d of %d scores", steps, done, total, unit, steps, first)
		}
		last = done
	}}
	if _, err := Compare(cfg, Split{Training: real, HeldOut: real}, synthetic, map[string][]*flow.Flow{"bootstrap": real}, rand.NewPCG(1, 2)); err != nil {
		t.Fatal(err)
	}
	if last != first || first == 0 {
		t.Errorf("%d of %d scores at the end", last, first)
	}
}
