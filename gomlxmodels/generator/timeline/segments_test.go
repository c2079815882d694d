package timeline_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// Segments hold every packet once, in time order.
func TestSegments(t *testing.T) {
	flows := gentest.Flows(30, rand.NewPCG(1, 1))
	packets := 0
	for _, f := range flows {
		packets += len(f.Packets)
	}
	segments, err := timeline.Segments(flows, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range gentest.CheckTimeline(segments) {
		t.Error(problem)
	}
	for i, f := range segments {
		if packets -= len(f.Packets); len(f.Packets) != 32 && i < len(segments)-1 {
			t.Errorf("segment %d has %d packets, want 32", i, len(f.Packets))
		}
		want := f.Packets[0].Tuple
		if f.Packets[0].Direction == flow.Backward {
			want = want.Reverse()
		}
		if f.Tuple != want {
			t.Errorf("segment %d is of %v, want the client of its first packet first, %v", i, f.Tuple, want)
		}
	}
	if packets != 0 {
		t.Errorf("%d packets more in the flows than in the segments", packets)
	}
	if _, err := timeline.Segments(flows, 1); err == nil {
		t.Error("segments of one packet were made")
	}
	for i, f := range segments {
		if want := f.Start(); i > 0 && f.Before != timeline.End(segments[i-1]) || i == 0 && f.Before != want {
			t.Errorf("segment %d: the one before it ended at %d, want %d", i, f.Before, want)
		}
	}
	if _, err := timeline.Fit(flows); err == nil || !strings.Contains(err.Error(), "Segments") {
		t.Errorf("overlapping flows as segments gave %v, want an error that names Segments", err)
	}
}

// A clock that was set by half a century in the middle changes neither the pace of a
// timeline nor what the starts of flows are drawn from.
func TestClockJump(t *testing.T) {
	flows := gentest.Flows(60, rand.NewPCG(1, 1))
	segments, err := timeline.Segments(flows, 16)
	if err != nil {
		t.Fatal(err)
	}
	steady, err := timeline.Fit(segments)
	if err != nil {
		t.Fatal(err)
	}
	arrivals := timeline.Arrivals(segments)
	for _, f := range segments[20:] {
		for j := range f.Packets {
			f.Packets[j].Time += 54 * 365 * 86400 * 1e9
		}
		if f != segments[20] {
			f.Before += 54 * 365 * 86400 * 1e9
		}
	}
	jumped, err := timeline.Fit(segments)
	if err != nil {
		t.Fatal(err)
	}
	if jumped.Span > steady.Span || jumped.Span < 0.9*steady.Span {
		t.Errorf("%v s a segment, want about the %v s without the jump", jumped.Span, steady.Span)
	}
	if got := timeline.Arrivals(segments); len(got) != len(arrivals)-1 || slices.Max(got) > slices.Max(arrivals) {
		t.Errorf("%d times between segments up to %d ns, want the %d others up to %d ns", len(got), slices.Max(got), len(arrivals)-1, slices.Max(arrivals))
	}
}

func TestPieces(t *testing.T) {
	flows := gentest.Flows(10, rand.NewPCG(1, 1))
	pieces := timeline.Pieces(flows, 4)
	packets, all := 0, 0
	for i, p := range pieces {
		packets += len(p.Packets)
		if len(p.Packets) > 4 || i > 0 && p.Start() < pieces[i-1].Start() || p.Before > p.Start() {
			t.Errorf("piece %d of %d packets at %d, behind one at %d", i, len(p.Packets), p.Start(), p.Before)
		}
	}
	for _, f := range flows {
		all += len(f.Packets)
	}
	if packets != all {
		t.Errorf("%d packets in pieces, %d in flows", packets, all)
	}
}
