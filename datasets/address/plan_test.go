package address

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

func TestFit(t *testing.T) {
	flows := flowtest.Training()
	plan, err := Fit(flows, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	original, macs, vendors := map[netip.Addr]bool{}, map[flow.MAC]bool{}, map[[3]byte]bool{}
	for _, f := range flows {
		original[f.Tuple.Src.Addr()], original[f.Tuple.Dst.Addr()] = true, true
		for i := range f.Packets {
			mac := f.Packets[i].SrcMAC
			macs[mac], vendors[[3]byte(mac[:3])] = true, mac[0]&localBit == 0
		}
	}
	if len(plan.Hosts) != len(original) {
		t.Fatalf("%d hosts, want %d", len(plan.Hosts), len(original))
	}
	seen := map[netip.Addr]bool{}
	for _, h := range plan.Hosts {
		if original[h.Address] || seen[h.Address] || !(benchmark4.Contains(h.Address) || documented6.Contains(h.Address)) {
			t.Errorf("host %v is of the original, given twice, or not documented", h.Address)
		}
		seen[h.Address] = true
		if macs[h.MAC] || !vendors[[3]byte(h.MAC[:3])] && h.MAC[0]&localBit == 0 || h.TTL != 57 && h.TTL != 128 || h.MSS != 1400 || h.Window.SYN != [2]uint16{29200, 29200} || h.Window.First != [2]uint16{229, 229} && h.Window.First != [2]uint16{1021, 1021} {
			t.Errorf("host %+v: want its TTL, MSS and windows, and a MAC of its vendor or a local one", h)
		}
	}
	for a := range original {
		if plan.Overflow4.Contains(a) || plan.Overflow6.Contains(a) {
			t.Errorf("overflow addresses %v, %v hold %v of the original", plan.Overflow4, plan.Overflow6, a)
		}
	}
	if len(plan.Services) != 1 || plan.Services[0].Flows != int64(len(flows)) || plan.Services[0].Port != 80 {
		t.Fatalf("services %+v", plan.Services)
	}
	if top := plan.Services[0].Pairs[0]; top.Flows != 2 {
		t.Errorf("the busiest pair has %d flows, want 2", top.Flows)
	}
}

// assigned numbers hosts out of the documented ranges.
func assigned(hosts []member) map[netip.Addr]netip.Addr {
	addresses, taken := make([]netip.Addr, len(hosts)), newTaken()
	for i := range hosts {
		hosts[i].index = i
		taken.hosts[hosts[i].address] = true
	}
	r := documentedRanges()
	r.assign(addresses, taken, hosts)
	out := make(map[netip.Addr]netip.Addr)
	for i, h := range hosts {
		out[h.address] = addresses[i]
	}
	return out
}

// Whoever shared a network or a site still does; strangers do not.
func TestPrefixesAreKept(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	hosts := []member{}
	known := map[netip.Addr]bool{}
	for range 400 {
		a := netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(9)), byte(r.IntN(50))})
		if r.IntN(3) == 0 {
			a = netip.AddrFrom16([16]byte{0x2a, 0, 0, 0, 0, byte(r.IntN(3)), 0, byte(r.IntN(5)), 15: byte(r.IntN(50))})
		}
		if !known[a] {
			known[a] = true
			hosts = append(hosts, member{address: a, flows: r.Int64N(100)})
		}
	}
	assigned := assigned(hosts)
	distinct := map[netip.Addr]bool{}
	for _, a := range hosts {
		distinct[assigned[a.address]] = true
		for _, b := range hosts {
			if a.address.Is4() != b.address.Is4() {
				continue
			}
			bits := 24
			if a.address.Is6() {
				bits = 64
			}
			pa, _ := a.address.Prefix(bits)
			qa, _ := assigned[a.address].Prefix(bits)
			if pa.Contains(b.address) != qa.Contains(assigned[b.address]) {
				t.Fatalf("%v and %v became %v and %v", a.address, b.address, assigned[a.address], assigned[b.address])
			}
		}
	}
	if len(distinct) != len(hosts) {
		t.Errorf("%d addresses for %d hosts", len(distinct), len(hosts))
	}
}

// More networks than whole ones fit are packed, and every host keeps an address of its own.
func TestManyNetworks(t *testing.T) {
	var hosts []member
	for i := range 1000 {
		for h := range 1 + i%5 {
			hosts = append(hosts, member{address: netip.AddrFrom4([4]byte{byte(11 + i/100), byte(i / 10), byte(i), byte(h)}), flows: 1})
		}
	}
	distinct := map[netip.Addr]bool{}
	for _, a := range assigned(hosts) {
		if !benchmark4.Contains(a) {
			t.Fatalf("%v is outside of %v", a, benchmark4)
		}
		distinct[a] = true
	}
	if len(distinct) != len(hosts) {
		t.Errorf("%d addresses for %d hosts", len(distinct), len(hosts))
	}
}

func TestPlanRoundTrip(t *testing.T) {
	fitted, err := Fit(flowtest.Training(), FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []*Plan{fitted, Default()} {
		var out bytes.Buffer
		if err := plan.Write(&out); err != nil {
			t.Fatal(err)
		}
		back, err := Read(&out, "plan.json")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plan, back) {
			t.Errorf("read %+v, wrote %+v", back, plan)
		}
	}
}

func TestReadPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *Plan)
		want   string
	}{
		{"version", func(p *Plan) { p.Version = 7 }, "version is 7, want 3"},
		{"MTU", func(p *Plan) { p.MTU = 9 }, "mtu is 9"},
		{"overflow", func(p *Plan) { p.Overflow4 = overflow6 }, "overflow4"},
		{"address", func(p *Plan) { p.Hosts[0].Address = netip.Addr{} }, "hosts[0].address"},
		{"services", func(p *Plan) { p.Services = nil }, "services is empty"},
		{"protocol", func(p *Plan) { p.Services[0].Proto = 1 }, "services[0]: proto is 1"},
		{"port", func(p *Plan) { p.Services[0].Port = 0 }, "port is 0"},
		{"ports", func(p *Plan) { p.Services[0].ClientLow = 65535 }, "client ports are 65535 to"},
		{"share", func(p *Plan) { p.Services[0].Repeat = 2 }, "repeat 2"},
		{"pairs", func(p *Plan) { p.Services[0].Pairs = nil }, "pairs is empty"},
		{"index", func(p *Plan) { p.Services[0].Pairs = []Pair{{Client: 99}} }, "pairs[0] names hosts 99 and 0"},
		{"count", func(p *Plan) { p.Services[0].Pairs = []Pair{{Flows: -1}} }, "pairs[0].flows is -1"},
	} {
		plan := Default()
		c.change(plan)
		text, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(text), "plan.json"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "plan.json") {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, text := range []string{"", "{", `{"version":1,"colour":2}`, "[]"} {
		if _, err := Read(strings.NewReader(text), "plan.json"); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), "no TCP or UDP flow") {
		t.Errorf("no flows: error %v", err)
	}
}

// scatter is a permutation.
func TestScatter(t *testing.T) {
	for _, size := range []uint32{1, 2, 3, 100, 1024, 28232} {
		seen := make([]bool, size)
		for n := range size {
			at := scatter(n, size, 12345)
			if at >= size || seen[at] {
				t.Fatalf("size %d: %d comes twice or is too large", size, at)
			}
			seen[at] = true
		}
	}
}

// Every application that has ports has a registered one.
func TestServicePorts(t *testing.T) {
	without := []flow.Application{flow.Unknown, flow.ARPApplication, flow.LLC, flow.LOOP, flow.SNAP, flow.ICMPApplication}
	for _, a := range applications() {
		if _, ok := servicePorts[a]; ok == slices.Contains(without, a) {
			t.Errorf("%v: a row in servicePorts: %t", a, ok)
		}
	}
	if registered(unknownPort) || len(applications()) != len(servicePorts)+len(without) {
		t.Errorf("port %d has a dissector: %t; %d applications, %d rows", unknownPort, registered(unknownPort), len(applications()), len(servicePorts))
	}
}

// What no service of an application has sent is not sent; which server a flow gets
// says nothing of its datagrams. Datagrams of no application keep to their port.
func TestShortestDatagram(t *testing.T) {
	for _, c := range []struct {
		application flow.Application
		want        []int32 // by port
	}{{flow.QUIC, []int32{18, 18}}, {flow.Unknown, []int32{18, 300}}} {
		var flows []*flow.Flow
		for i, payload := range []int32{18, 300} {
			tuple := flow.FiveTuple{Proto: flow.UDP, Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(40010+10*i))}
			flows = append(flows, []*flow.Flow{
				{ID: int64(2 * i), Application: c.application, Tuple: tuple, Packets: []flow.Packet{{Tuple: tuple, HeaderLength: 42, PayloadLength: payload}}},
				{ID: int64(2*i + 1), Application: c.application, Tuple: tuple, Packets: []flow.Packet{{Tuple: tuple, HeaderLength: 42, PayloadLength: payload}}},
			}...)
		}
		plan, err := Fit(flows, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		for _, s := range plan.Services {
			got = append(got, s.Shortest)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: shortest datagrams of %v bytes, want %v", c.application, got, c.want)
		}
	}
}
