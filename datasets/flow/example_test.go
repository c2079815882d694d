package flow_test

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Two connections over the same ports: the second SYN opens a flow of its own.
func ExampleAssembler_Flows() {
	there := flow.FiveTuple{Proto: flow.TCP, Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.MustParseAddrPort("192.0.2.2:80")}
	var packets []flow.Packet
	for i, step := range []struct {
		tuple flow.FiveTuple
		flags flow.TCPFlags
		seq   uint32
	}{
		{there, flow.SYN, 1}, {there.Reverse(), flow.SYN | flow.ACK, 7}, {there, flow.FIN | flow.ACK, 2}, {there.Reverse(), flow.FIN | flow.ACK, 8},
		{there, flow.SYN, 900}, {there.Reverse(), flow.RST | flow.ACK, 0},
	} {
		p := flow.Packet{Number: int64(i), Time: int64(i) * 1e6, Length: 60, Tuple: step.tuple, Flags: step.flags, Seq: step.seq}
		flow.Identify(&p)
		packets = append(packets, p)
	}

	var assembler flow.Assembler
	flows, damaged, err := flow.Collect(assembler.Flows(stream(packets)))
	fmt.Println(len(damaged), "damaged,", err)
	for _, f := range flows {
		fmt.Println("flow", f.ID, f.Application, f.Tuple.Src, "to", f.Tuple.Dst, "in", f.Duration())
		for _, p := range f.Packets {
			fmt.Println(" ", p.Direction, p.Flags)
		}
	}
	// Output:
	// 0 damaged, <nil>
	// flow 0 HTTP 192.0.2.1:40000 to 192.0.2.2:80 in 3ms
	//   forward SYN
	//   backward SYN/ACK
	//   forward FIN/ACK
	//   backward FIN/ACK
	// flow 1 HTTP 192.0.2.1:40000 to 192.0.2.2:80 in 1ms
	//   forward SYN
	//   backward RST/ACK
}

func ExampleRules() {
	layers := flow.Layers{{Name: flow.LayerEther, Length: 60}, {Name: flow.LayerIP, Length: 46}, {Name: flow.LayerTCP, Length: 26}, {Name: flow.LayerPadding, Length: 6}}
	fmt.Println(flow.Rules(layers, 4139, 80), flow.Rules(layers, 6667, 80), flow.Rules(layers, 4139, 8080))
	// Output: HTTP IRC nan
}
