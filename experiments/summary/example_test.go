package summary_test

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/summary"
)

func ExampleOf() {
	packets := func(yield func(flow.Packet, error) bool) {
		for i := range 3 {
			p := flow.Packet{Number: int64(i), Time: int64(i) * 5e8, Length: 60, Captured: 60, Application: flow.ARPApplication}
			p.Layers[0].Name = flow.LayerEther
			if !yield(p, nil) {
				return
			}
		}
	}
	s, err := summary.Of("arp.pcap", packets)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Packets, s.Bytes, s.Seconds, s.LinkTypes)
	for _, name := range s.Names() {
		fmt.Println(name, s.Protocols[name])
	}
	// Output:
	// 3 180 1 [Ethernet]
	// ARP {3 180 1}
}
