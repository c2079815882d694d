package tcp

import (
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// The streams' flows come in the order of their starts, each once, numbered anew.
func TestInterleave(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var streams []iter.Seq2[*flow.Flow, error]
	total := 0
	for range 5 {
		var flows []*flow.Flow
		for range r.IntN(300) {
			flows = append(flows, flowtest.Plain(7, flowtest.Epoch+r.Int64N(1e9), 14))
		}
		total += len(flows)
		streams = append(streams, flowtest.Sequence(flows))
	}
	last, count := int64(0), int64(0)
	for f, err := range Interleave(streams...) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Start() < last || f.ID != count || f.Packets[3].FlowID != count {
			t.Fatalf("flow %d, %d of its packets, starts at %d after %d", f.ID, f.Packets[3].FlowID, f.Start(), last)
		}
		last, count = f.Start(), count+1
	}
	if count != int64(total) {
		t.Errorf("%d flows of %d", count, total)
	}
	for range Interleave() {
		t.Error("a flow of no stream")
	}
}

// Errors pass, and whoever stops early stops the streams.
func TestInterleaveStops(t *testing.T) {
	broken, stopped := errors.New("broken"), 0
	bad := func(yield func(*flow.Flow, error) bool) {
		defer func() { stopped++ }()
		_ = yield(nil, broken) && yield(flowtest.Plain(1, flowtest.Epoch+5, 14), nil) && yield(&flow.Flow{}, nil) && yield(nil, broken) && yield(flowtest.Plain(1, flowtest.Epoch+9, 14), nil)
	}
	var got []string
	for f, err := range Interleave(bad, flowtest.Sequence([]*flow.Flow{flowtest.Plain(3, flowtest.Epoch, 14), flowtest.Plain(4, flowtest.Epoch+7, 14)})) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		at := "no packet"
		if len(f.Packets) > 0 {
			at = string(rune('0' + f.Start() - flowtest.Epoch))
		}
		got = append(got, at)
	}
	if want := []string{"broken", "0", "5", "no packet", "broken", "7", "9"}; !slices.Equal(got, want) || stopped != 1 {
		t.Errorf("got %q, want %q; stopped %d times", got, want, stopped)
	}
	for limit := range 7 {
		stopped = 0
		n := 0
		for range Interleave(bad, bad) {
			if n++; n > limit {
				break
			}
		}
		if stopped == 0 {
			t.Errorf("stopped behind %d: the streams go on", limit)
		}
	}
}
