package tcp

import (
	"iter"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// TestShortestDatagram: a datagram is never shorter than those of the training, as
// an empty question to a name server would be.
func TestShortestDatagram(t *testing.T) {
	question := func(id int64, payload int32) *flow.Flow {
		tuple := flow.FiveTuple{Proto: flow.UDP, Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.MustParseAddrPort("10.0.0.2:53")}
		return &flow.Flow{ID: id, Application: flow.DNS, Tuple: tuple, Packets: []flow.Packet{{
			Time: 1e18 + id, Tuple: tuple, Application: flow.DNS, HeaderLength: 42, PayloadLength: payload, Length: 42 + payload,
		}}}
	}
	plan, err := address.Fit([]*flow.Flow{question(0, 30), question(1, 33)}, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	framer, err := NewFramer(plan, Options{}, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var flows iter.Seq2[*flow.Flow, error] = func(yield func(*flow.Flow, error) bool) {
		_ = yield(question(0, 0), nil) && yield(question(1, 31), nil)
	}
	want := []int32{30, 31}
	for frame, err := range framer.Frames(flows) {
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 || frame.Packet.PayloadLength != want[0] {
			t.Fatalf("a payload of %d bytes, want %v", frame.Packet.PayloadLength, want)
		}
		want = want[1:]
	}
	if n := framer.Repairs()["datagram shorter than any of the training made as long as that"]; n != 1 || len(want) != 0 {
		t.Errorf("%d repairs, want 1; %d frames missing", n, len(want))
	}
}
