package tcp

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// A capture taken where frames leave a host holds short frames before Semtech
// pads them, one taken where they arrive holds them padded: each host's frames
// come out as they were captured.
func TestPaddingIsTheHosts(t *testing.T) {
	client, server := netip.MustParseAddrPort("10.1.0.1:40000"), netip.MustParseAddrPort("10.1.0.2:80")
	tuple := flow.FiveTuple{Proto: flow.TCP, Src: client, Dst: server}
	packet := func(time int64, d flow.Direction, flags flow.TCPFlags, length int32) flow.Packet {
		return flow.Packet{Time: time, Direction: d, Flags: flags, HeaderLength: 54, Length: length, Tuple: flow.FiveTuple{Proto: flow.TCP}}
	}
	f := &flow.Flow{Tuple: tuple, Application: flow.HTTP, Packets: []flow.Packet{
		packet(1, flow.Forward, flow.SYN, 54), packet(2, flow.Backward, flow.SYN|flow.ACK, 60), packet(3, flow.Forward, flow.ACK, 54),
		packet(4, flow.Forward, flow.FIN|flow.ACK, 54), packet(5, flow.Backward, flow.FIN|flow.ACK, 60), packet(6, flow.Forward, flow.ACK, 54),
	}}
	plan, err := address.Fit([]*flow.Flow{f}, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	framer, err := NewFramer(plan, Options{}, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	bare := *f
	bare.Tuple = flow.FiveTuple{Proto: flow.TCP}
	for frame, err := range framer.Frames(func(yield func(*flow.Flow, error) bool) { yield(&bare, nil) }) {
		if err != nil {
			t.Fatal(err)
		}
		want := 54
		if frame.Packet.Direction == flow.Backward {
			want = 60
		}
		if len(frame.Bytes) != want || int(frame.Packet.Length) != want {
			t.Errorf("%v frame of %d bytes, said to be %d, want %d", frame.Packet.Direction, len(frame.Bytes), frame.Packet.Length, want)
		}
	}
}
