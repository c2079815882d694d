package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// trained is a flow between two hosts, with what a capture shows of them.
func trained(id int64, client, server string, packets int) *flow.Flow {
	f := plainFlow(id, epoch+id*1e9, packets)
	f.Tuple.Src, f.Tuple.Dst = netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)
	for i := range f.Packets {
		p := &f.Packets[i]
		p.Tuple, p.TTL, p.Window, p.SrcMAC = f.Tuple, 57, 229, flow.MAC{0, 1, 2, 3, 4, 5}
		if p.Direction == flow.Backward {
			p.Tuple, p.TTL, p.Window, p.SrcMAC = f.Tuple.Reverse(), 128, 1021, flow.MAC{6, 7, 8, 9, 10, 11}
		}
		if p.Flags&flow.SYN != 0 {
			p.MSS, p.Window = 1400, 29200
		}
	}
	return f
}

// Two networks of one site, one of another, IPv6, and addresses that are among
// those given out.
func trainingFlows() []*flow.Flow {
	var flows []*flow.Flow
	for i, c := range []string{
		"10.1.1.5:40000", "10.1.1.6:40001", "10.1.1.5:40002", "10.1.2.9:40003", "172.16.0.4:40004", "192.0.2.1:40005", "198.18.0.1:40006", "198.19.0.77:40007",
	} {
		flows = append(flows, trained(int64(i), c, "93.184.216.34:80", 14))
	}
	return append(flows,
		trained(8, "[2a00:1:2:3::9]:50000", "[2a00:9::1]:80", 14),
		trained(9, "[2001:db8::1]:50000", "[2a00:9::1]:80", 14))
}

func TestFitPlan(t *testing.T) {
	flows := trainingFlows()
	plan, err := FitPlan(flows)
	if err != nil {
		t.Fatal(err)
	}
	original := map[netip.Addr]bool{}
	for _, f := range flows {
		original[f.Tuple.Src.Addr()], original[f.Tuple.Dst.Addr()] = true, true
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
		if h.MAC[0] != 2 || h.TTL != 57 && h.TTL != 128 || h.MSS != 1400 || h.SYNWindow != 29200 || h.Window != 229 && h.Window != 1021 {
			t.Errorf("host %+v: want its TTL, MSS and windows, and a local MAC", h)
		}
	}
	for a := range original {
		if plan.Spare4.Contains(a) || plan.Spare6.Contains(a) {
			t.Errorf("spare addresses %v, %v hold %v of the original", plan.Spare4, plan.Spare6, a)
		}
	}
	if len(plan.Services) != 1 || plan.Services[0].Flows != int64(len(flows)) || plan.Services[0].Port != 80 {
		t.Fatalf("services %+v", plan.Services)
	}
	if top := plan.Services[0].Pairs[0]; top.Flows != 2 {
		t.Errorf("the busiest pair has %d flows, want 2", top.Flows)
	}
}

// Whoever shared a network or a site still does; strangers do not.
func TestPrefixesAreKept(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	hosts := []seenHost{}
	known := map[netip.Addr]bool{}
	for range 400 {
		a := netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(9)), byte(r.IntN(50))})
		if r.IntN(3) == 0 {
			a = netip.AddrFrom16([16]byte{0x2a, 0, 0, 0, 0, byte(r.IntN(3)), 0, byte(r.IntN(5)), 15: byte(r.IntN(50))})
		}
		if !known[a] {
			known[a] = true
			hosts = append(hosts, seenHost{address: a, flows: r.Int64N(100)})
		}
	}
	assigned := assignAddresses(hosts)
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
	var hosts []seenHost
	for i := range 1000 {
		for h := range 1 + i%5 {
			hosts = append(hosts, seenHost{address: netip.AddrFrom4([4]byte{byte(11 + i/100), byte(i / 10), byte(i), byte(h)}), flows: 1})
		}
	}
	distinct := map[netip.Addr]bool{}
	for _, a := range assignAddresses(hosts) {
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
	fitted, err := FitPlan(trainingFlows())
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []*Plan{fitted, DefaultPlan()} {
		var out bytes.Buffer
		if err := plan.Write(&out); err != nil {
			t.Fatal(err)
		}
		back, err := ReadPlan(&out, "plan.json")
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
		{"version", func(p *Plan) { p.Version = 7 }, "version is 7, want 1"},
		{"MTU", func(p *Plan) { p.MTU = 9 }, "mtu is 9"},
		{"spare", func(p *Plan) { p.Spare4 = spare6 }, "spare4"},
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
		plan := DefaultPlan()
		c.change(plan)
		text, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(bytes.NewReader(text), "plan.json"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "plan.json") {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	for _, text := range []string{"", "{", `{"version":1,"colour":2}`, "[]"} {
		if _, err := ReadPlan(strings.NewReader(text), "plan.json"); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := FitPlan(nil); err == nil || !strings.Contains(err.Error(), "no TCP or UDP flow") {
		t.Errorf("no flows: error %v", err)
	}
}

// Flows are shared out as the plan says, and no five-tuple comes twice however
// many flows there are.
func TestSharing(t *testing.T) {
	plan := DefaultPlan()
	plan.Services = plan.Services[:0]
	plan.Services = append(plan.Services, Service{
		Application: flow.HTTP, Proto: flow.TCP, Port: 80, Repeat: 0.7, ClientLow: 40000, ClientHigh: 41023,
		Pairs: []Pair{{0, 32, 70}, {1, 32, 20}, {2, 33, 10}},
	})
	const flows = 20_000
	f := newTestFramer(t, plan, Options{})
	tuples, byServer, repeats := map[flow.FiveTuple]bool{}, map[netip.Addr]int{}, 0
	var last netip.Addr
	for frame, err := range f.Frames(plainFlows(flows * 14)) {
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
	if share := float64(byServer[plan.Hosts[33].Address]) / flows; math.Abs(share-0.1) > 0.02 || len(tuples) != flows {
		t.Errorf("%d flows, a share of %.3f to the second server, want 0.1", len(tuples), share)
	}
	// Two draws agree in the pair with 0.7^2+0.2^2+0.1^2 = 0.54, so (0.7-0.54)/(1-0.54) of the
	// flows stay on purpose; two draws agree in the server with 0.9^2+0.1^2.
	stay := (0.7 - 0.54) / (1 - 0.54)
	if want := stay + (1-stay)*0.82; math.Abs(float64(repeats)/flows-want) > 0.02 {
		t.Errorf("%.3f of the flows go to the server of the flow before, want about %.2f", float64(repeats)/flows, want)
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

// Addresses of the original come only when they are asked for.
func TestKeep(t *testing.T) {
	flows := trainingFlows()
	plan, err := FitPlanWith(flows, FitOptions{KeepAddresses: true})
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
		for frame, err := range newTestFramer(t, nil, Options{KeepTuples: keep}).Frames(sequence(flows)) {
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
