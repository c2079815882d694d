package generator_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// A capture taken where clients send holds their short frames before Ethernet pads
// them, and the others' padded: what is drawn is padded in the same direction alone.
func TestPadded(t *testing.T) {
	bare := func(d flow.Direction, length int32) flow.Packet {
		return flow.Packet{Direction: d, Length: length, Captured: length, HeaderLength: 54}
	}
	full := flow.Packet{Length: 600, HeaderLength: 54, PayloadLength: 546}
	uplink := flow.Packet{Length: 17, HeaderLength: 9, PayloadLength: 4, Radio: new(flow.Radio)}
	tests := []struct {
		name    string
		packets []flow.Packet
		want    [2]bool
	}{
		{"both ends padded", []flow.Packet{bare(flow.Forward, 60), bare(flow.Backward, 60)}, [2]bool{true, true}},
		{"captured at the client", []flow.Packet{bare(flow.Forward, 54), bare(flow.Backward, 60)}, [2]bool{false, true}},
		{"most are not", []flow.Packet{bare(flow.Forward, 54), bare(flow.Forward, 54), bare(flow.Forward, 60)}, [2]bool{}},
		{"nothing short", []flow.Packet{full}, [2]bool{}},
		{"uplinks, whose integrity code is no padding", []flow.Packet{uplink}, [2]bool{}},
		{"no lengths", []flow.Packet{{}}, [2]bool{}},
	}
	for _, tt := range tests {
		traffic := generator.TrafficOf([]*flow.Flow{{Packets: tt.packets}})
		if traffic.Padded != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, traffic.Padded, tt.want)
		}
		drawn := &flow.Flow{Packets: []flow.Packet{bare(flow.Forward, 54), bare(flow.Backward, 54), full, uplink}}
		for f, err := range traffic.Pad(func(yield func(*flow.Flow, error) bool) { yield(drawn, nil) }) {
			if err != nil {
				t.Fatal(err)
			}
			for i, before := range []int32{54, 54, 600, 17} {
				p := &f.Packets[i]
				want := before
				if i < 2 && tt.want[p.Direction] {
					want = 60
				}
				if p.Length != want || p.PayloadLength > 0 && i < 2 {
					t.Errorf("%s: packet %d of %d bytes with %d of payload, want %d", tt.name, i, p.Length, p.PayloadLength, want)
				}
			}
		}
	}
}

func TestTraffic(t *testing.T) {
	flows := gentest.Flows(50, rand.NewPCG(1, 1))
	got := generator.TrafficOf(flows)
	span := time.Duration(flows[49].Start() - flows[0].Start()).Seconds()
	if got.Flows != 50 || got.Protocol != flow.TCP || math.Abs(got.Rate()-49/span) > 1e-9 || got.End < got.Last || got.Start != flows[0].Start() {
		t.Errorf("%+v, rate %g, want %g", got, got.Rate(), 49/span)
	}
	longest := time.Duration(0)
	for _, f := range flows {
		longest = max(longest, f.Duration())
	}
	if got.Longest != int64(longest) {
		t.Errorf("the longest flow lasts %d ns, want %d", got.Longest, longest)
	}
	none := generator.Traffic{}
	if r := none.Rate(); math.IsNaN(r) || math.IsInf(r, 0) || r <= 0 {
		t.Errorf("rate of nothing: %g", r)
	}
}
