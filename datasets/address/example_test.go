package address_test

import (
	"bytes"
	"fmt"
	"log"
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// visit is a flow of one packet between two hosts of a capture.
func visit(client, server string) *flow.Flow {
	tuple := flow.FiveTuple{Proto: flow.TCP, Src: netip.MustParseAddrPort(client), Dst: netip.MustParseAddrPort(server)}
	return &flow.Flow{Application: flow.HTTP, Tuple: tuple, Packets: []flow.Packet{{Tuple: tuple, Flags: flow.SYN, HeaderLength: 74, TTL: 57, Window: 29200}}}
}

// A plan is learned from flows, saved, and gives new flows their hosts: those that
// shared a network still do, under addresses that belong to nobody.
func Example() {
	plan, err := address.Fit([]*flow.Flow{
		visit("10.1.1.5:40000", "93.184.216.34:80"), visit("10.1.1.5:40001", "93.184.216.34:80"), visit("10.1.1.6:40002", "93.184.216.34:80"),
	}, address.FitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := plan.Write(&file); err != nil {
		log.Fatal(err)
	}
	if plan, err = address.Read(&file, "plan.json"); err != nil {
		log.Fatal(err)
	}
	for _, h := range plan.Hosts {
		fmt.Println(h.Address, "TTL", h.TTL)
	}
	assigner := address.NewAssigner(plan, rand.New(rand.NewPCG(1, 2)))
	ends := assigner.Assign(&flow.Flow{Application: flow.HTTP}, flow.TCP, false)
	fmt.Println("a new flow of", ends.Client.Address, "to", ends.Server.Address, "port", ends.ServerPort)
	// Output:
	// 192.0.2.1 TTL 57
	// 192.0.2.2 TTL 57
	// 198.51.100.1 TTL 64
	// a new flow of 192.0.2.1 to 198.51.100.1 port 80
}

// Options change the number of hosts and where they are.
func ExamplePlan_WithOptions() {
	office := netip.MustParsePrefix("10.20.0.0/16")
	plan, err := address.Default().WithOptions(address.Options{Clients: 100, Servers: 1, Addresses: []netip.Prefix{office}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(plan.Hosts), "hosts in", office, office.Contains(plan.Hosts[0].Address))
	// Output:
	// 101 hosts in 10.20.0.0/16 true
}
