package address_test

import (
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Servers become servers of the plan while there are some, everybody else a host of its
// own in the plan's ranges; multicast and broadcast stay.
func TestSubstitutes(t *testing.T) {
	plan := address.Default()
	addresses := func(texts ...string) (all []netip.Addr) {
		for _, text := range texts {
			all = append(all, netip.MustParseAddr(text))
		}
		return all
	}
	hosts := plan.Substitutes(addresses("10.0.0.1", "10.0.0.2", "224.0.0.1", "2001:db9::1"), addresses("10.0.0.9", "10.0.0.1", "::ffff:10.0.0.8", "255.255.255.255", "0.0.0.0", "2001:db9::2"))
	if len(hosts) != 6 {
		t.Errorf("%d hosts: %v", len(hosts), hosts)
	}
	own := map[netip.Addr]bool{}
	for _, h := range plan.Hosts {
		own[h.Address] = true
	}
	seen, macs := map[netip.Addr]bool{}, map[flow.MAC]bool{}
	for a, h := range hosts {
		if seen[h.Address] || macs[h.MAC] || h.Address.Is4() != a.Is4() || h.MAC == (flow.MAC{}) {
			t.Errorf("%s: %+v", a, h)
		}
		seen[h.Address], macs[h.MAC] = true, true
		if !own[h.Address] && !plan.Overflow4.Contains(h.Address) && !plan.Overflow6.Contains(h.Address) {
			t.Errorf("%s: %s is in no range", a, h.Address)
		}
	}
	for client := range map[string]bool{"10.0.0.9": true, "10.0.0.8": true, "2001:db9::2": true} {
		if h := hosts[netip.MustParseAddr(client)]; own[h.Address] {
			t.Errorf("the client %s is the plan's %s", client, h.Address)
		}
	}
	if busiest := hosts[netip.MustParseAddr("10.0.0.1")]; !own[busiest.Address] {
		t.Errorf("the server is %s, which is not of the plan", busiest.Address)
	}
}
