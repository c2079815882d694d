package tcp

import (
	"bytes"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// documented6 is where generated IPv6 hosts get their addresses (RFC 3849).
var documented6 = netip.MustParsePrefix("2001:db8::/32")

// ports are the registered ports of the applications of fittedFor.
var ports = map[flow.Application]uint16{flow.HTTP: 80, flow.SMTP: 25, flow.SSH: 22}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// withOptions changes a plan.
func withOptions(t *testing.T, plan *address.Plan, o address.Options) *address.Plan {
	t.Helper()
	changed, err := plan.WithOptions(o)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// framedWith frames flows with options and checks the frames by the laws.
func framedWith(t *testing.T, plan *address.Plan, opts Options, flows []*flow.Flow) []flow.Packet {
	t.Helper()
	f := newTestFramer(t, plan, opts)
	laws := newWireLaws(t)
	var out []flow.Packet
	for frame, err := range f.Frames(flowtest.Sequence(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		laws.check(frame)
		frame.Packet.Payload = bytes.Clone(frame.Packet.Payload)
		out = append(out, frame.Packet)
	}
	return out
}

// All addresses are in the user's prefixes, overflow hosts' ones too, and hosts of
// one network are still in one.
func TestAddresses(t *testing.T) {
	plan, err := address.Fit(flowtest.Training(), address.FitOptions{})
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
			changed := withOptions(t, plan, address.Options{Addresses: c.prefixes})
			seen := map[netip.Addr]bool{}
			inside := func(a netip.Addr) bool {
				return slices.ContainsFunc(c.prefixes, func(p netip.Prefix) bool { return p.Contains(a) }) || c.four && a.Is6() && documented6.Contains(a)
			}
			for i, h := range changed.Hosts {
				if !inside(h.Address) || seen[h.Address] || changed.Overflow4.Contains(h.Address) || changed.Overflow6.Contains(h.Address) {
					t.Errorf("host %d has %v, which is outside of %v, given twice or among the overflow ones", i, h.Address, c.prefixes)
				}
				seen[h.Address] = true
			}
			if !inside(changed.Overflow4.Addr()) || !inside(changed.Overflow6.Addr()) {
				t.Errorf("overflow hosts get %v and %v", changed.Overflow4, changed.Overflow6)
			}
			if len(changed.Hosts) != len(plan.Hosts) || reflect.DeepEqual(changed.Hosts, plan.Hosts) {
				t.Errorf("%d hosts of %d", len(changed.Hosts), len(plan.Hosts))
			}
			for _, p := range framedWith(t, plan, Options{Hosts: address.Options{Addresses: c.prefixes}}, flowtest.HTTP(200)) {
				if !inside(p.Tuple.Src.Addr()) || !inside(p.Tuple.Dst.Addr()) {
					t.Fatalf("frame %d has %v", p.Number, p.Tuple)
				}
			}
		})
	}
	if _, err := NewFramer(address.Default(), Options{Hosts: address.Options{Addresses: prefixes("10.0.0.0/28")}}, testSource()); err == nil || !strings.Contains(err.Error(), "addresses: 40 hosts have no room") {
		t.Errorf("a prefix too small for the plan: error %v", err)
	}
}

// IPv6 is as the options say, and header lengths go with it.
func TestIPv6(t *testing.T) {
	for _, c := range []struct {
		plan  *address.Plan
		ipv6  address.IPv6
		parts [2]int // least and most frames of a hundred
		cut   int    // full segments that IPv6 leaves no room for
	}{
		{address.Default(), address.IPv6Observed, [2]int{0, 0}, 0},
		{address.Default(), address.IPv6On, [2]int{100, 100}, 150},
		{twoFamilies(), address.IPv6Off, [2]int{0, 0}, 0},
		{twoFamilies(), address.IPv6On, [2]int{100, 100}, 150},
		{twoFamilies(), address.IPv6Observed, [2]int{40, 60}, 0},
	} {
		flows := flowtest.HTTP(100)
		for i, f := range flows {
			for j := range f.Packets {
				p := &f.Packets[j]
				if p.HeaderLength += int32(i % 2 * 20); p.PayloadLength > 1000 {
					p.PayloadLength -= int32(i % 2 * 20)
				}
			}
		}
		before := slices.Clone(c.plan.Hosts)
		framer := newTestFramer(t, c.plan, Options{Hosts: address.Options{IPv6: c.ipv6}})
		six, all := 0, 0
		for frame, err := range framer.Frames(flowtest.Sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			if all++; frame.Packet.Tuple.Src.Addr().Is6() {
				six++
			}
		}
		if six*100 < all*c.parts[0] || six*100 > all*c.parts[1] || framer.Repairs()[repairNames[fullCut]] != len(framer.Repairs())*c.cut {
			t.Errorf("%v: %d of %d frames are IPv6, repairs %v", c.ipv6, six, all, framer.Repairs())
		}
		if !reflect.DeepEqual(before, c.plan.Hosts) {
			t.Errorf("%v: the plan has changed", c.ipv6)
		}
		for _, p := range framedWith(t, c.plan, Options{Hosts: address.Options{IPv6: c.ipv6}}, flows) {
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

// There are as many clients and servers as asked for, whose part of the flows
// is that of those they stand for.
func TestHostCounts(t *testing.T) {
	roles := func(p *address.Plan) (clients, servers map[int]bool) {
		clients, servers = map[int]bool{}, map[int]bool{}
		for _, s := range p.Services {
			for _, pair := range s.Pairs {
				clients[pair.Client], servers[pair.Server] = true, true
			}
		}
		return clients, servers
	}
	for _, c := range []struct {
		plan             *address.Plan
		clients, servers int
	}{
		{address.Default(), 100, 3}, {address.Default(), 7, 20}, {address.Default(), 1, 1}, {address.Default(), 0, 2}, {address.Default(), 300, 300}, {twoFamilies(), 9, 5}, {twoFamilies(), 500, 90},
	} {
		changed := withOptions(t, c.plan, address.Options{Clients: c.clients, Servers: c.servers})
		clients, servers := roles(changed)
		want := c.clients
		if want == 0 {
			want = 32
		}
		if len(clients) != want || len(servers) != c.servers || len(changed.Hosts) != want+c.servers {
			t.Errorf("%d clients and %d servers among %d hosts, want %d and %d", len(clients), len(servers), len(changed.Hosts), want, c.servers)
		}
		macs := map[flow.MAC]bool{}
		for _, h := range changed.Hosts {
			macs[h.MAC] = true
		}
		if c.clients > 32 && len(macs) < c.clients {
			t.Errorf("%d MACs for %d clients", len(macs), c.clients)
		}
		framedWith(t, c.plan, Options{Hosts: address.Options{Clients: c.clients, Servers: c.servers}}, flowtest.HTTP(300))
	}
	if _, err := NewFramer(twoFamilies(), Options{Hosts: address.Options{Clients: 1}}, testSource()); err == nil || !strings.Contains(err.Error(), "clients is 1, want at least 2, or ipv6 off or on") {
		t.Errorf("one client of two families: error %v", err)
	}
	if _, err := NewFramer(twoFamilies(), Options{Hosts: address.Options{Clients: 1, IPv6: address.IPv6On}}, testSource()); err != nil {
		t.Error(err)
	}
	// Popularity: two clients of weight 3 and 1, six of them then: three quarters and a quarter.
	plan := address.Default()
	plan.Services = []address.Service{{Application: flow.HTTP, Proto: flow.TCP, Port: 80, ClientLow: 40000, ClientHigh: 60000, Pairs: []address.Pair{{Client: 0, Server: 32, Flows: 30}, {Client: 1, Server: 32, Flows: 10}}}}
	changed := withOptions(t, plan, address.Options{Clients: 6})
	sums := map[uint8]int64{}
	for _, pair := range changed.Services[0].Pairs {
		sums[uint8(pair.Flows>>12)] += pair.Flows
	}
	if len(changed.Services[0].Pairs) != 6 || sums[2]/3-sums[0] > 3 {
		t.Errorf("pairs %v: want three of 3/4 and three of 1/4", changed.Services[0].Pairs)
	}
}

// Original addresses stay where only hosts are added.
func TestOriginalHostsStay(t *testing.T) {
	plan := fittedFor(t, flow.HTTP, 50, address.FitOptions{KeepAddresses: true})
	changed := withOptions(t, plan, address.Options{Clients: 40})
	kept, fresh := 0, 0
	for _, h := range changed.Hosts {
		if slices.ContainsFunc(plan.Hosts, func(o address.Host) bool { return o.Address == h.Address }) {
			kept++
		} else {
			fresh++
		}
	}
	if kept != len(plan.Hosts) || fresh == 0 || !changed.Original {
		t.Errorf("%d of %d original hosts, %d new ones", kept, len(plan.Hosts), fresh)
	}
	changed = withOptions(t, plan, address.Options{Addresses: prefixes("10.77.0.0/16", "fd00::/48")})
	for _, h := range changed.Hosts {
		if slices.ContainsFunc(plan.Hosts, func(o address.Host) bool { return o.Address == h.Address }) {
			t.Errorf("%v is of the original, though other addresses are asked for", h.Address)
		}
	}
}

// fittedFor is a plan of training flows with another application and hop count.
func fittedFor(t *testing.T, a flow.Application, ttl uint8, opts address.FitOptions) *address.Plan {
	t.Helper()
	flows := flowtest.Training()
	for _, f := range flows {
		f.Application = a
		f.Tuple.Dst = netip.AddrPortFrom(f.Tuple.Dst.Addr(), ports[a])
		for i := range f.Packets {
			f.Packets[i].TTL = ttl
		}
	}
	plan, err := address.Fit(flows, opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// In a merged plan every application meets its own hosts.
func TestMergedHosts(t *testing.T) {
	ttls := map[flow.Application]uint8{flow.HTTP: 50, flow.SMTP: 100, flow.SSH: 200}
	var plans []*address.Plan
	for _, a := range []flow.Application{flow.HTTP, flow.SMTP, flow.SSH} {
		plans = append(plans, fittedFor(t, a, ttls[a], address.FitOptions{}))
	}
	merged, _, err := address.Merge(plans...)
	if err != nil {
		t.Fatal(err)
	}
	var flows []*flow.Flow
	for i := range 600 {
		f := flowtest.Plain(int64(i), flowtest.Epoch+int64(i)*1e6, 14)
		f.Application = []flow.Application{flow.HTTP, flow.SMTP, flow.SSH}[i%3]
		flows = append(flows, f)
	}
	laws := newWireLaws(t)
	for frame, err := range newTestFramer(t, merged, Options{}).Frames(flowtest.Sequence(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		laws.check(frame)
		p, a := &frame.Packet, flows[frame.Packet.FlowID].Application
		if port := p.Tuple.Dst.Port(); p.TTL != ttls[a] || p.Direction == flow.Forward && port != ports[a] {
			t.Fatalf("%v: TTL %d to port %d", a, p.TTL, port)
		}
	}
}

// Flows are distributed as the plan says, and no five-tuple comes twice however
// many flows there are.
func TestAssigner(t *testing.T) {
	plan := address.Default()
	plan.Services = plan.Services[:0]
	plan.Services = append(plan.Services, address.Service{
		Application: flow.HTTP, Proto: flow.TCP, Port: 80, Repeat: 0.7, ClientLow: 40000, ClientHigh: 41023,
		Pairs: []address.Pair{{Client: 0, Server: 32, Flows: 70}, {Client: 1, Server: 32, Flows: 20}, {Client: 2, Server: 33, Flows: 10}},
	})
	const flows = 20_000
	f := newTestFramer(t, plan, Options{})
	tuples, byServer, repeats := map[flow.FiveTuple]bool{}, map[netip.Addr]int{}, 0
	var last netip.Addr
	for frame, err := range f.Frames(flowtest.PlainStream(flows * 14)) {
		if err != nil {
			t.Fatal(err)
		}
		p := &frame.Packet
		if p.Flags != flow.SYN {
			continue
		}
		if tuples[p.Tuple] {
			t.Fatalf("frame %d: %v again", p.Number, p.Tuple)
		}
		tuples[p.Tuple] = true
		byServer[p.Tuple.Dst.Addr()]++
		if p.Tuple.Dst.Addr() == last {
			repeats++
		}
		last = p.Tuple.Dst.Addr()
	}
	if got := float64(byServer[plan.Hosts[33].Address]) / flows; math.Abs(got-0.1) > 0.02 || len(tuples) != flows {
		t.Errorf("%d flows, a proportion of %.3f to the second server, want 0.1", len(tuples), got)
	}
	// Two draws agree in the pair with 0.7^2+0.2^2+0.1^2 = 0.54, so (0.7-0.54)/(1-0.54) of the
	// flows stay on purpose; two draws agree in the server with 0.9^2+0.1^2.
	stay := (0.7 - 0.54) / (1 - 0.54)
	if want := stay + (1-stay)*0.82; math.Abs(float64(repeats)/flows-want) > 0.02 {
		t.Errorf("%.3f of the flows go to the server of the flow before, want about %.2f", float64(repeats)/flows, want)
	}
}

// Addresses of the original come only when they are asked for.
func TestKeep(t *testing.T) {
	flows := flowtest.Training()
	plan, err := address.Fit(flows, address.FitOptions{KeepAddresses: true})
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[netip.Addr]bool{}
	for _, f := range flows {
		wanted[f.Tuple.Src.Addr()], wanted[f.Tuple.Dst.Addr()] = true, true
	}
	for _, h := range plan.Hosts {
		if !wanted[h.Address] {
			t.Errorf("host %v is not of the original", h.Address)
		}
	}
	for _, keep := range []bool{false, true} {
		for frame, err := range newTestFramer(t, nil, Options{KeepTuples: keep}).Frames(flowtest.Sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			p := &frame.Packet
			tuple := p.Tuple
			if p.Direction == flow.Backward {
				tuple = tuple.Reverse()
			}
			if (tuple == flows[p.FlowID].Tuple) != keep {
				t.Fatalf("KeepTuples %t: frame %d has %v, its flow %v", keep, p.Number, tuple, flows[p.FlowID].Tuple)
			}
		}
	}
}
