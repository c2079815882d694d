package timeline

import (
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Turns keep the first gap of each direction, one that is not zero.
func TestTurns(t *testing.T) {
	var h Turns
	for i, row := range []struct {
		direction flow.Direction
		gap       time.Duration
		known     [2]bool
	}{
		{flow.Forward, 5 * time.Second, [2]bool{}}, // the first packet answers none
		{flow.Backward, 0, [2]bool{}},
		{flow.Backward, time.Second, [2]bool{}}, // no turn
		{flow.Forward, 10 * time.Millisecond, [2]bool{true, false}},
		{flow.Backward, time.Millisecond, [2]bool{true, true}},
		{flow.Forward, time.Second, [2]bool{true, true}},
	} {
		h.Add(row.direction, row.gap)
		if h.known != row.known {
			t.Errorf("after packet %d known are %v, want %v", i, h.known, row.known)
		}
	}
	if h.first != [2]float64{-2, -3} {
		t.Errorf("first gaps are %v, want -2 and -3", h.first)
	}
}
