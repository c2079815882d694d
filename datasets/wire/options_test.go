package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
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
		{"all", Options{Payload: RandomPayload, MTU: 9000, Link: LoRaTap, Addresses: prefixes("10.0.0.0/8", "fd00::/64"), IPv6: OnlyIPv6, Clients: 5, Servers: 2, Retransmit: 0.5}, nil},
		{"payload", Options{Payload: 9}, []string{"payload is 9, want one of neutral, random, zero, copy"}},
		{"mtu", Options{MTU: 65536}, []string{"mtu is 65536, want 0 (the plan's) or 576 to 65535"}},
		{"link", Options{Link: 7}, []string{"link is 7, want one of ethernet, loratap, loratap0"}},
		{"ipv6", Options{IPv6: 3}, []string{"ipv6 is 3, want one of observed, off, on"}},
		{"hosts", Options{Clients: -1, Servers: 60_001}, []string{"clients is -1, want 0", "servers is 60001, want 0 (as many as the plan has) to 60000"}},
		{"retransmit", Options{Retransmit: 0.7}, []string{"retransmit is 0.7, want a share of 0 to 0.5"}},
		{"no prefix", Options{Addresses: []netip.Prefix{{}}}, []string{"addresses[0] is invalid Prefix, want a prefix such as 10.20.0.0/16"}},
		{"host bits", Options{Addresses: prefixes("10.0.0.1/16")}, []string{"addresses[0] is 10.0.0.1/16, want no bits set behind the prefix, as in 10.0.0.0/16"}},
		{"too small", Options{Addresses: prefixes("10.0.0.0/30", "fd00::/65")}, []string{"addresses[0] is 10.0.0.0/30, want a prefix of 8 to 28 bits", "addresses[1] is fd00::/65, want a prefix of 16 to 64 bits"}},
		{"mapped", Options{Addresses: prefixes("::ffff:10.0.0.0/104")}, []string{"want an IPv4 prefix in dotted form"}},
		{"multicast", Options{Addresses: prefixes("239.1.0.0/16", "ff02::/16")}, []string{"addresses[0] is 239.1.0.0/16, want hosts' addresses, and 224.0.0.0/3 has none", "ff00::/8 has none"}},
		{"loopback", Options{Addresses: prefixes("127.1.0.0/16")}, []string{"127.0.0.0/8 has none"}},
		{"overlap", Options{Addresses: prefixes("10.0.0.0/8", "10.9.0.0/16")}, []string{"addresses[0] is 10.0.0.0/8 and addresses[1] 10.9.0.0/16, want prefixes that do not overlap"}},
		{"both", Options{Addresses: prefixes("10.0.0.0/8"), KeepTuples: true}, []string{"addresses are given, and flows are to keep their own"}},
		{"many", Options{Payload: 9, MTU: 1, Link: 9}, []string{"payload", "mtu", "link"}},
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

// Words of configs are taken in any case, and others refused with those allowed.
func TestWords(t *testing.T) {
	var f Filling
	var l Link
	var v IPv6
	for _, c := range []struct {
		text string
		take func([]byte) error
		got  func() fmt.Stringer
		want string
	}{
		{"Copy", f.UnmarshalText, func() fmt.Stringer { return f }, "copy"},
		{"loratap", l.UnmarshalText, func() fmt.Stringer { return l }, "loratap"},
		{"ON", v.UnmarshalText, func() fmt.Stringer { return v }, "on"},
	} {
		if err := c.take([]byte(c.text)); err != nil || c.got().String() != c.want {
			t.Errorf("%q: %v, %v", c.text, c.got(), err)
		}
		if err := c.take([]byte("colour")); err == nil || !strings.Contains(err.Error(), `is "colour", want one of`) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("colour: error %v", err)
		}
	}
	if Ethernet.Type() != 1 || LoRaTap.Type() != 270 || Link(9).String() != "9" {
		t.Error("link types are not LINKTYPE_ values")
	}
}

// framedWith frames flows with options and checks the frames by the laws.
func framedWith(t *testing.T, plan *Plan, opts Options, flows []*flow.Flow) []flow.Packet {
	t.Helper()
	f := newTestFramer(t, plan, opts)
	laws := newWireLaws(t)
	var out []flow.Packet
	for frame, err := range f.Frames(sequence(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		laws.check(frame)
		frame.Packet.Payload = bytes.Clone(frame.Packet.Payload)
		out = append(out, frame.Packet)
	}
	return out
}

// httpFlows are clean connections.
func httpFlows(n int) []*flow.Flow {
	var flows []*flow.Flow
	for i := range n {
		flows = append(flows, plainFlow(int64(i), epoch+int64(i)*1e6, 14))
	}
	return flows
}

// All addresses are in the user's prefixes, spare hosts' ones too, and hosts of
// one network are still in one.
func TestAddresses(t *testing.T) {
	plan, err := FitPlan(trainingFlows())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		prefixes []netip.Prefix
		four     bool // IPv6 stays documented
	}{
		{"whole networks", prefixes("10.20.0.0/16", "fd00:1::/48"), false},
		{"tight", prefixes("10.20.30.0/25", "fd00:1::/64"), false},
		{"several", prefixes("10.9.8.32/28", "172.16.5.0/27", "10.1.1.0/28"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newTestFramer(t, plan, Options{Addresses: c.prefixes})
			adapted := f.Plan()
			seen := map[netip.Addr]bool{}
			inside := func(a netip.Addr) bool {
				return slices.ContainsFunc(c.prefixes, func(p netip.Prefix) bool { return p.Contains(a) }) || c.four && a.Is6() && documented6.Contains(a)
			}
			for i, h := range adapted.Hosts {
				if !inside(h.Address) || seen[h.Address] || adapted.Spare4.Contains(h.Address) || adapted.Spare6.Contains(h.Address) {
					t.Errorf("host %d has %v, which is outside of %v, given twice or among the spare ones", i, h.Address, c.prefixes)
				}
				seen[h.Address] = true
			}
			if !inside(adapted.Spare4.Addr()) || !inside(adapted.Spare6.Addr()) {
				t.Errorf("spare hosts get %v and %v", adapted.Spare4, adapted.Spare6)
			}
			if len(adapted.Hosts) != len(plan.Hosts) || reflect.DeepEqual(adapted.Hosts, plan.Hosts) {
				t.Errorf("%d hosts of %d", len(adapted.Hosts), len(plan.Hosts))
			}
			for _, p := range framedWith(t, plan, Options{Addresses: c.prefixes}, httpFlows(200)) {
				if !inside(p.Tuple.Src.Addr()) || !inside(p.Tuple.Dst.Addr()) {
					t.Fatalf("frame %d has %v", p.Number, p.Tuple)
				}
			}
		})
	}
	if _, err := NewFramer(DefaultPlan(), Options{Addresses: prefixes("10.0.0.0/28")}, testSource()); err == nil || !strings.Contains(err.Error(), "addresses, wire: plan: 40 hosts have no room") {
		t.Errorf("a prefix too small for the plan: error %v", err)
	}
}

// IPv6 is as the options say, and header lengths go with it.
func TestIPv6(t *testing.T) {
	for _, c := range []struct {
		plan  *Plan
		ipv6  IPv6
		share [2]int // least and most frames of a hundred
		cut   int    // full segments that IPv6 leaves no room for
	}{
		{DefaultPlan(), ObservedIPv6, [2]int{0, 0}, 0},
		{DefaultPlan(), OnlyIPv6, [2]int{100, 100}, 150},
		{twoFamilies(), NoIPv6, [2]int{0, 0}, 0},
		{twoFamilies(), OnlyIPv6, [2]int{100, 100}, 150},
		{twoFamilies(), ObservedIPv6, [2]int{40, 60}, 0},
	} {
		flows := httpFlows(100)
		for i, f := range flows {
			for j := range f.Packets {
				p := &f.Packets[j]
				if p.HeaderLength += int32(i % 2 * 20); p.PayloadLength > 1000 {
					p.PayloadLength -= int32(i % 2 * 20)
				}
			}
		}
		before := slices.Clone(c.plan.Hosts)
		framer := newTestFramer(t, c.plan, Options{IPv6: c.ipv6})
		six, all := 0, 0
		for frame, err := range framer.Frames(sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			if all++; frame.Packet.Tuple.Src.Addr().Is6() {
				six++
			}
		}
		if six*100 < all*c.share[0] || six*100 > all*c.share[1] || framer.Repairs()[repairNames[fullCut]] != len(framer.Repairs())*c.cut {
			t.Errorf("%v: %d of %d frames are IPv6, repairs %v", c.ipv6, six, all, framer.Repairs())
		}
		if !reflect.DeepEqual(before, c.plan.Hosts) {
			t.Errorf("%v: the plan has changed", c.ipv6)
		}
		for _, p := range framedWith(t, c.plan, Options{IPv6: c.ipv6}, flows) {
			want := uint16(1460)
			if p.Tuple.Src.Addr().Is6() {
				want = 1440
			}
			if p.MSS != 0 && p.MSS != want {
				t.Fatalf("frame %d announces segments of %d bytes, want %d", p.Number, p.MSS, want)
			}
		}
	}
}

// There are as many clients and servers as asked for, whose share of the flows
// is that of those they stand for.
func TestHostCounts(t *testing.T) {
	roles := func(p *Plan) (clients, servers map[int]bool) {
		clients, servers = map[int]bool{}, map[int]bool{}
		for _, s := range p.Services {
			for _, pair := range s.Pairs {
				clients[pair.Client], servers[pair.Server] = true, true
			}
		}
		return clients, servers
	}
	for _, c := range []struct {
		plan             *Plan
		clients, servers int
	}{
		{DefaultPlan(), 100, 3}, {DefaultPlan(), 7, 20}, {DefaultPlan(), 1, 1}, {DefaultPlan(), 0, 2}, {DefaultPlan(), 300, 300}, {twoFamilies(), 9, 5}, {twoFamilies(), 500, 90},
	} {
		f := newTestFramer(t, c.plan, Options{Clients: c.clients, Servers: c.servers})
		clients, servers := roles(f.Plan())
		want := c.clients
		if want == 0 {
			want = defaultClients
		}
		if len(clients) != want || len(servers) != c.servers || len(f.Plan().Hosts) != want+c.servers {
			t.Errorf("%d clients and %d servers among %d hosts, want %d and %d", len(clients), len(servers), len(f.Plan().Hosts), want, c.servers)
		}
		macs := map[flow.MAC]bool{}
		for _, h := range f.Plan().Hosts {
			macs[h.MAC] = true
		}
		if c.clients > 32 && len(macs) < c.clients {
			t.Errorf("%d MACs for %d clients", len(macs), c.clients)
		}
		framedWith(t, c.plan, Options{Clients: c.clients, Servers: c.servers}, httpFlows(300))
	}
	if _, err := NewFramer(twoFamilies(), Options{Clients: 1}, testSource()); err == nil || !strings.Contains(err.Error(), "clients is 1, want at least 2, or ipv6 off or on") {
		t.Errorf("one client of two families: error %v", err)
	}
	if _, err := NewFramer(twoFamilies(), Options{Clients: 1, IPv6: OnlyIPv6}, testSource()); err != nil {
		t.Error(err)
	}
	// Popularity: two clients of weight 3 and 1, six of them then: three quarters and a quarter.
	plan := DefaultPlan()
	plan.Services = []Service{{Application: flow.HTTP, Proto: flow.TCP, Port: 80, ClientLow: 40000, ClientHigh: 60000, Pairs: []Pair{{0, 32, 30}, {1, 32, 10}}}}
	f := newTestFramer(t, plan, Options{Clients: 6})
	sums := map[uint8]int64{}
	for _, pair := range f.Plan().Services[0].Pairs {
		sums[uint8(pair.Flows>>12)] += pair.Flows
	}
	if len(f.Plan().Services[0].Pairs) != 6 || sums[2]/3-sums[0] > 3 {
		t.Errorf("pairs %v: want three of 3/4 and three of 1/4", f.Plan().Services[0].Pairs)
	}
}

// Original addresses stay where only hosts are added.
func TestAdaptOriginal(t *testing.T) {
	plan := fittedFor(t, flow.HTTP, 50, FitOptions{KeepAddresses: true})
	f := newTestFramer(t, plan, Options{Clients: 40})
	kept, fresh := 0, 0
	for _, h := range f.Plan().Hosts {
		if slices.ContainsFunc(plan.Hosts, func(o Host) bool { return o.Address == h.Address }) {
			kept++
		} else {
			fresh++
		}
	}
	if kept != len(plan.Hosts) || fresh == 0 || !f.Plan().Original {
		t.Errorf("%d of %d original hosts, %d new ones", kept, len(plan.Hosts), fresh)
	}
	f = newTestFramer(t, plan, Options{Addresses: prefixes("10.77.0.0/16", "fd00::/48")})
	for _, h := range f.Plan().Hosts {
		if slices.ContainsFunc(plan.Hosts, func(o Host) bool { return o.Address == h.Address }) {
			t.Errorf("%v is of the original, though other addresses are asked for", h.Address)
		}
	}
}
