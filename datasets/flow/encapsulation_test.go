package flow_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// TestEncapsulationText checks that what is written is read again, and what is wrong with
// the rest.
func TestEncapsulationText(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", ""},
		{"vlan 4095", ""},
		{"svlan 1, vlan 2, mpls 1048575, mpls 0", ""},
		{"ipv4 192.0.2.1 192.0.2.2, gre", ""},
		{"ipv6 2001:db8::1 2001:db8::2, gre key 4294967295 sequence checksum, ether, vlan 3", ""},
		{"ipv4 192.0.2.1 192.0.2.2, vxlan 16777215, ether", ""},
		{"ipv4 192.0.2.1 192.0.2.2, geneve 1, ether", ""},
		{"ipv4 192.0.2.1 192.0.2.2, gtp 4294967295", ""},
		{"vlan 4096", "want a number of 0 to 4095"},
		{"vlan", "1 words: want 2"},
		{"vlan 1 2", "3 words: want 2"},
		{"vlan -1", "want a number"},
		{"vlan 01", `want it as "vlan 1"`},
		{"vlan 1,vlan 2", "3 words: want 2"},
		{"vlan 1, ", "no header: want one of vlan,"},
		{"wlan 1", "want one of vlan,"},
		{"ether 1", "2 words: want 1"},
		{"ipv4 192.0.2.1", "2 words: want 3"},
		{"ipv4 192.0.2.1 2001:db8::1", "want two addresses of ipv4"},
		{"ipv6 fe80::1%eth0 fe80::2", "want two addresses of ipv6"},
		{"gre key", "gre key without a number"},
		{"gre key one", `gre key "one": want a number of 0 to 4294967295`},
		{"gre colour", `gre has no "colour": want key NUMBER, sequence or checksum`},
		{"gre sequence key 1", `want it as "gre key 1 sequence"`},
	} {
		e, err := flow.ParseEncapsulation(row.text)
		switch {
		case row.want == "" && (err != nil || e.String() != row.text):
			t.Errorf("%q is read as %q, %v", row.text, e, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%q: %v, want %s", row.text, err, row.want)
		case row.want == "" && e.Reverse().Reverse().String() != row.text:
			t.Errorf("%q: reversed twice it is %q", row.text, e.Reverse().Reverse())
		}
	}
}

// TestEncapsulatedFlows checks that the two ways of a tunnel are one flow, and equal
// addresses in two virtual networks two.
func TestEncapsulatedFlows(t *testing.T) {
	here, there := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:53")
	packet := func(src, dst netip.AddrPort, encapsulation string) flow.Packet {
		e, err := flow.ParseEncapsulation(encapsulation)
		if err != nil {
			t.Fatal(err)
		}
		return flow.Packet{Tuple: flow.FiveTuple{Proto: flow.UDP, Src: src, Dst: dst}, Encapsulation: e}
	}
	for _, row := range []struct {
		there, back string
		flows       int
	}{
		{"", "", 1},
		{"mpls 16", "mpls 17", 1},
		{"ipv4 198.51.100.1 198.51.100.2, gtp 1", "ipv4 198.51.100.2 198.51.100.1, gtp 2", 1},
		{"vxlan 1, ether", "vxlan 1, ether", 1},
		{"vxlan 1, ether", "vxlan 2, ether", 2},
		{"vxlan 1, ether", "geneve 2, ether", 2},
		{"", "vxlan 1, ether", 2},
	} {
		packets := func(yield func(flow.Packet, error) bool) {
			_ = yield(packet(here, there, row.there), nil) && yield(packet(there, here, row.back), nil)
		}
		flows, _, err := flow.Collect(new(flow.Assembler).Flows(packets))
		if err != nil || len(flows) != row.flows {
			t.Errorf("%q and %q: %d flows, %v: want %d", row.there, row.back, len(flows), err, row.flows)
		}
	}
}

// TestEncapsulations checks that what has been seen is not made again.
func TestEncapsulations(t *testing.T) {
	var all flow.Encapsulations
	e, err := flow.ParseEncapsulation("vlan 1, ipv4 192.0.2.1 192.0.2.2, gre key 1")
	if err != nil {
		t.Fatal(err)
	}
	headers := e.Headers()
	first := all.Of(headers)
	if first.String() != e.String() || all.Of(e.Reverse().Headers()) == first {
		t.Errorf("%q, want %q", first, e)
	}
	if n := testing.AllocsPerRun(100, func() {
		if all.Of(headers) != first {
			t.Fatal("another one")
		}
	}); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
