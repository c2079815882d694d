package address

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// Every problem is reported, with key, value and what is allowed.
func TestOptionsValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want []string // empty: valid
	}{
		{"zero", Options{}, nil},
		{"all", Options{Addresses: prefixes("10.0.0.0/8", "fd00::/64"), IPv6: IPv6On, Clients: 5, Servers: 2}, nil},
		{"ipv6", Options{IPv6: 3}, []string{"ipv6 is 3, want one of observed, off, on"}},
		{"hosts", Options{Clients: -1, Servers: 60_001}, []string{"clients is -1, want 0", "servers is 60001, want 0 (as many as the plan has) to 60000"}},
		{"no prefix", Options{Addresses: []netip.Prefix{{}}}, []string{"addresses[0] is invalid Prefix, want a prefix such as 10.20.0.0/16"}},
		{"host bits", Options{Addresses: prefixes("10.0.0.1/16")}, []string{"addresses[0] is 10.0.0.1/16, want no bits set behind the prefix, as in 10.0.0.0/16"}},
		{"too small", Options{Addresses: prefixes("10.0.0.0/30", "fd00::/65")}, []string{"addresses[0] is 10.0.0.0/30, want a prefix of 8 to 28 bits", "addresses[1] is fd00::/65, want a prefix of 16 to 64 bits"}},
		{"mapped", Options{Addresses: prefixes("::ffff:10.0.0.0/104")}, []string{"want an IPv4 prefix in dotted form"}},
		{"multicast", Options{Addresses: prefixes("239.1.0.0/16", "ff02::/16")}, []string{"addresses[0] is 239.1.0.0/16, want hosts' addresses, and 224.0.0.0/3 has none", "ff00::/8 has none"}},
		{"loopback", Options{Addresses: prefixes("127.1.0.0/16")}, []string{"127.0.0.0/8 has none"}},
		{"overlap", Options{Addresses: prefixes("10.0.0.0/8", "10.9.0.0/16")}, []string{"addresses[0] is 10.0.0.0/8 and addresses[1] 10.9.0.0/16, want prefixes that do not overlap"}},
	} {
		err := c.opts.Validate()
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: error %v", c.name, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q in it", c.name, err, want)
			}
		}
	}
}

// A plan of a capture with thousands of hosts is fitted in no time, and MACs that
// the capture holds are not given out again, be they shared or of the program's own
// prefix.
func TestManyHosts(t *testing.T) {
	var flows []*flow.Flow
	seen := map[flow.MAC]bool{}
	for i := range 8000 {
		f := flowtest.Between(int64(i), fmt.Sprintf("10.%d.%d.9:40000", i/200, i%200), "93.184.216.34:80", 14)
		for j := range f.Packets {
			p := &f.Packets[j]
			if p.SrcMAC = localMAC(uint32(2 * (i/2 + 1))); p.Direction == flow.Backward {
				p.SrcMAC = flow.MAC{6, 7, 8, 9, 10, 11}
			}
			seen[p.SrcMAC] = true
		}
		flows = append(flows, f)
	}
	began := time.Now()
	plan, err := Fit(flows, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second { // 0.2 s, and 20 s where the MACs in use are gathered anew for each host
		t.Errorf("8,000 clients took %v", took)
	}
	macs := map[flow.MAC]int{}
	for _, h := range plan.Hosts {
		if macs[h.MAC]++; seen[h.MAC] || h.MAC[0]&(groupBit|localBit) != localBit || macs[h.MAC] > 2 {
			t.Fatalf("host %v has MAC %v: of the training, not locally administered, or shared by more than two", h.Address, h.MAC)
		}
	}
	if len(macs) != 4001 {
		t.Errorf("%d MACs of 8,001 hosts, want 4,001: two clients share one", len(macs))
	}
}
