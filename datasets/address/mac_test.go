package address

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// MACs keep the prefix of a vendor and none that may be one host's own, and no two are equal.
func TestMACs(t *testing.T) {
	plan := Default()
	vendor, software, drawn := flow.MAC{0, 0x1b, 0x21, 1, 2, 3}, flow.MAC{0x02, 0x42, 0xac, 0, 0, 1}, flow.MAC{0xda, 1, 2, 3, 4, 5}
	for i, mac := range []flow.MAC{vendor, software, drawn, {0x02, 0x42, 0xac, 0, 0, 2}, {1, 0, 0x5e, 0, 0, 1}} {
		plan.Hosts[i].MAC = mac
	}
	prefixes := plan.vendorPrefixes()
	for _, c := range []struct {
		like flow.MAC
		kept bool
	}{{vendor, true}, {software, true}, {drawn, false}, {flow.MAC{1, 0, 0x5e, 0, 0, 1}, false}, {flow.MAC{}, false}} {
		seen := map[flow.MAC]bool{}
		for n := range uint32(5000) {
			mac := prefixes.mac(c.like, n)
			kept := [3]byte(mac[:3]) == [3]byte(c.like[:3])
			if seen[mac] || kept != c.kept || mac[0]&groupBit != 0 || !kept && mac[0]&localBit == 0 {
				t.Fatalf("number %d like %v is %v, kept %t, given before %t", n, c.like, mac, kept, seen[mac])
			}
			seen[mac] = true
		}
	}
}
