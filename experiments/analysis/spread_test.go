package analysis_test

import (
	"context"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// TestBand: the real side of figures over scales has a band, of halves of the flows or,
// without flows, of quarters of the time, and a side that is the real one lies in it.
func TestBand(t *testing.T) {
	for _, timeline := range []bool{false, true} {
		traffic := analysis.NewTraffic(flowtest.Exchanges(400, 900))
		traffic.Timeline = timeline
		results, err := analysis.Run(context.Background(), analysis.Side{Name: "real", Traffic: traffic}, []analysis.Side{{Name: "same", Traffic: traffic}}, []string{"wavelet", "scaling"})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			want := map[bool]string{false: "two random halves of the real flows", true: "quarters of the real time"}[timeline]
			if len(r.Figures) != 1 || !strings.Contains(r.Figures[0].Caption, want) {
				t.Fatalf("%s, timeline %v: %d figures: %s", r.Name, timeline, len(r.Figures), r.Absent)
			}
			if element := r.Figures[0].Element(); !strings.Contains(element, "fill:var(--figure-ink-faint") {
				t.Errorf("%s, timeline %v: no band", r.Name, timeline)
			}
		}
	}
}
