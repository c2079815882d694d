package sampled

import (
	"math"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// What a flow's first packets were like is still told after many others: by it the
// network knows what kind of flow this is when its state has forgotten.
func TestFirstPayloadsAreKept(t *testing.T) {
	h := begin(targets{}, radio.Past{})
	first := func() (forward, backward float64) {
		values := h.append(nil)
		if len(values) != historyWidth {
			t.Fatalf("%d values, want %d", len(values), historyWidth)
		}
		return float64(values[historyWidth-2]), float64(values[historyWidth-1])
	}
	unknown := -4.
	for i, row := range []struct {
		direction         flow.Direction
		payload           int32
		forward, backward float64
	}{
		{flow.Forward, 0, unknown, unknown}, // a SYN says nothing
		{flow.Forward, 220, math.Log(221) - 4, unknown},
		{flow.Forward, 0, math.Log(221) - 4, unknown},
		{flow.Backward, 0, math.Log(221) - 4, unknown},
		{flow.Backward, 1350, math.Log(221) - 4, math.Log(1351) - 4},
		{flow.Forward, 1350, math.Log(221) - 4, math.Log(1351) - 4},
		{flow.Backward, 20, math.Log(221) - 4, math.Log(1351) - 4},
	} {
		h.add(&flow.Packet{Direction: row.direction, PayloadLength: row.payload}, 0)
		if forward, backward := first(); math.Abs(forward-row.forward) > 1e-5 || math.Abs(backward-row.backward) > 1e-5 {
			t.Errorf("after packet %d: first payloads are %.3f and %.3f, want %.3f and %.3f", i, forward, backward, row.forward, row.backward)
		}
	}
}
