package runner

import (
	"math"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// What takes 5 s and a millisecond a packet is found to, and a model of one size leaves open
// what another size takes.
func TestPace(t *testing.T) {
	parts := []flow.Count{{Packets: 1000}, {Packets: 3000}}
	for _, test := range []struct {
		name        string
		models      []model
		least, most float64
	}{
		{"a line", []model{{1000, 6}, {10000, 15}, {50000, 55}}, 5 + 1 + 5 + 3, 5 + 1 + 5 + 3},
		{"one size", []model{{2000, 8}}, 4 + 12, 8 + 12},
		{"as many packets twice", []model{{2000, 7}, {2000, 9}}, 4 + 12, 8 + 12},
		{"less for more packets", []model{{1000, 9}, {3000, 7}}, 16, 16},
		{"nothing of their own", []model{{1000, 0}, {3000, 4}}, 4, 4},
	} {
		p := Pace{models: test.models, shared: 0.001}
		least, most := p.Seconds(parts)
		if math.Abs(least-test.least-4) > 1e-9 || math.Abs(most-test.most-4) > 1e-9 {
			t.Errorf("%s: %g to %g s, want %g to %g", test.name, least, most, test.least+4, test.most+4)
		}
	}
}

// A folder without runs says nothing.
func TestNoPace(t *testing.T) {
	r := Runner{File: "../../experiments.toml", Runs: t.TempDir()}
	if p := r.Pace("capture"); p != nil {
		t.Errorf("%v, want nothing", p)
	}
}
