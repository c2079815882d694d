package fidelity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
)

// hosted gives flows addresses, link-layer addresses and ports: host gives those of the
// client of each flow, which talks to host 0.
func hosted(flows []*flow.Flow, host func(i int) int, net, vendor byte, port func(i int) int) []*flow.Flow {
	address := func(host int) netip.Addr { return netip.AddrFrom4([4]byte{10, net, byte(host >> 8), byte(host)}) }
	mac := func(host int) flow.MAC { return flow.MAC{0x00, 0x16, vendor, 1, byte(host >> 8), byte(host)} }
	for i, f := range flows {
		client := host(i)
		f.Tuple.Src = netip.AddrPortFrom(address(client), uint16(port(i)))
		f.Tuple.Dst = netip.AddrPortFrom(address(0), 80)
		for k := range f.Packets {
			p := &f.Packets[k]
			p.Tuple, p.SrcMAC, p.DstMAC = f.Tuple, mac(client), mac(0)
			if p.Direction == flow.Backward {
				p.Tuple, p.SrcMAC, p.DstMAC = f.Tuple.Reverse(), p.DstMAC, p.SrcMAC
			}
		}
	}
	return flows
}

// TestIdentifiers: what is kept of the original shows, and what is drawn anew occurs by
// chance alone.
func TestIdentifiers(t *testing.T) {
	upTo := func(n int) func(int) int { return func(i int) int { return 1 + i%n } }
	inRow := func(from int) func(int) int { return func(i int) int { return from + i } }
	training := hosted(simulate(300, 1, web), upTo(50), 7, 1, inRow(50000))
	split := Split{Training: training, HeldOut: hosted(simulate(100, 2, web), upTo(60), 7, 1, inRow(51000))}
	random := rand.New(rand.NewPCG(1, 1))
	for _, test := range []struct {
		name                   string
		synthetic              []*flow.Flow
		addresses, macs, ports float64
	}{
		{"addresses kept", hosted(simulate(300, 3, web), upTo(50), 7, 1, inRow(50000)), 1, 1, 1},
		{"every second kept", hosted(simulate(300, 3, web), func(i int) int { return 2 * (i % 25) }, 7, 1, func(i int) int { return 50000 + 2*i }), 25. / 51, 25. / 51, 0.5},
		{"addresses of another network", hosted(simulate(300, 3, web), upTo(50), 8, 1, inRow(55000)), 0, 1, 0},
		{"link addresses of another vendor", hosted(simulate(300, 3, web), upTo(50), 7, 2, inRow(55000)), 1, 0, 0},
	} {
		scores, err := Compare(Config{Trees: 2, FloorSplits: 2}, split, test.synthetic, nil, random)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{"addresses recovered": test.addresses, "link addresses recovered": test.macs, "client ports recovered": test.ports} {
			s := byName(t, scores, "privacy", name)
			if s.Value == nil || math.Abs(*s.Value-want) > 1e-12 || s.Floor == nil || *s.Floor > 0.06 || s.FloorSpread == nil {
				t.Errorf("%s: %s is %s, want %.3f and a floor near 0", test.name, name, text(s), want)
			}
		}
	}
}

// text is a score for a message.
func text(s Score) string {
	if s.Value == nil || s.Floor == nil {
		return "absent: " + s.Note
	}
	return fmt.Sprintf("%.4f, floor %.4f +- %.4f", *s.Value, *s.Floor, *s.FloorSpread)
}

// TestChance: where the synthetic side fills a range, all of it is found, and by chance.
// The floor is that of identifiers drawn from the same range.
func TestChance(t *testing.T) {
	all := func(i int) int { return i % 65536 }
	training := hosted(simulate(200, 1, web), func(i int) int { return 1 + i*7%200 }, 7, 1, func(i int) int { return 33000 + 31*i })
	ref := newReference(Config{}.withDefaults(), Split{Training: training, HeldOut: training[:30]})
	crowd := make([]*flow.Flow, 20000)
	for i := range crowd {
		crowd[i] = talk(100)
	}
	c := &comparison{reference: ref, generated: newTimeline(hosted(crowd, all, 9, 1, func(i int) int { return 32768 + i*28232/40000 }), 1000), seed: 1}
	for name, test := range map[string]struct {
		compute func(*comparison) result
		floor   float64
	}{"addresses": {addressesRecovered, 20000. / (1 << 24)}, "link addresses": {linkAddressesRecovered, 20000. / (1 << 24)}, "ports": {portsRecovered, 0.5}} {
		r := test.compute(c)
		if r.chance == nil || math.Abs(r.chance.mean-test.floor) > 0.0001+r.chance.deviation/5 {
			t.Errorf("%s: by chance %+v, want %.5f", name, r.chance, test.floor)
		}
	}
	if r := portsRecovered(c); r.value < 0.99 {
		t.Errorf("ports %.3f, want all of them: they are in the filled half of the range", r.value)
	}
}

func TestPortRange(t *testing.T) {
	for _, test := range []struct {
		ports    []int
		from, to int // of those above
	}{{[]int{50000, 60000}, 49152, 65536}, {[]int{33000, 60999}, 32768, 61000}, {[]int{33000, 61000}, 32768, 65536}, {[]int{80, 5000}, 49152, 65536}} {
		var one, other [1 << 16]bool
		one[test.ports[0]], other[test.ports[1]] = true, true
		if from, to := portRange(portRanges[1], &one, &other); from != test.from || to != test.to {
			t.Errorf("%v: from %d to %d, want %d and %d", test.ports, from, to, test.from, test.to)
		}
	}
}

func TestRangeOf(t *testing.T) {
	for address, want := range map[string]string{"10.1.2.3": "10.0.0.0/8", "192.168.1.1": "192.168.0.0/16", "8.8.8.8": "0.0.0.0/0", "2001:db8::1": "2001:db8::/32", "2a00::1": "::/0", "fe80::1": "fe80::/10"} {
		if got := rangeOf(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// TestPayloads: what payloads repeat is a share with a floor and, of a sample, an interval;
// what cannot be said has a reason.
func TestPayloads(t *testing.T) {
	say := func(id int64, text string) *flow.Packet {
		return &flow.Packet{FlowID: id, Application: flow.HTTP, Payload: []byte("GET / HTTP/1.1\r\nHost: " + text + "\r\n\r\n")}
	}
	host := func(i int64) string {
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		return fmt.Sprintf("h%x.office.com", rng.Uint64())
	}
	spoken := func(n, copied int64) *identifier.Original {
		o := identifier.New()
		for i := range n {
			o.Add(say(i, host(i)), identifier.Training)
			o.Add(say(n+i, host(n+i)), identifier.HeldOut)
		}
		for i := range n {
			if i >= copied {
				i += 10 * n
			}
			o.Look(say(i, host(i)))
		}
		return o
	}
	silent := identifier.New()
	silent.Add(say(1, host(1)), identifier.Training)
	for _, test := range []struct {
		name        string
		payloads    *identifier.Original
		reason      string
		names, runs float64 // negative: none
		note        string
	}{
		{"nothing copied", spoken(200, 0), "", 0, 0, "0 of 200 names"},
		{"half copied", spoken(200, 100), "", 0.5, 0.5, "100 of 200 names"},
		{"all copied", spoken(200, 200), "", 1, 1, "200 of 200 names"},
		{"a sample of the runs", spoken(4000, 1000), "", 0.25, 0.25, "1000 of 4000 names"},
		{"nobody has looked", nil, "", -1, -1, "the payloads were not read"},
		{"a table", nil, "x.csv has no payloads", -1, -1, "x.csv has no payloads"},
		{"a silent synthetic side", silent, "", -1, -1, "the synthetic packets have no payload bytes"},
	} {
		real := simulate(100, 1, web)
		scores, err := Compare(Config{Trees: 2, FloorSplits: 2, Payloads: test.payloads, NoPayloads: test.reason}, Split{real[:50], real[50:]}, simulate(50, 2, web), nil, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		names, runs := byName(t, scores, "privacy", "names recovered"), byName(t, scores, "privacy", "payload recovered")
		if !strings.HasPrefix(names.Note, test.note) {
			t.Errorf("%s: note %q, want %q", test.name, names.Note, test.note)
		}
		for want, s := range map[float64]Score{test.names: names, test.runs: runs} {
			if want < 0 && s.Value == nil && s.Floor == nil {
				continue
			}
			if s.Value == nil || math.Abs(*s.Value-want) > 0.03 || *s.Floor > 0.02 {
				t.Errorf("%s: %s is %s, want %.2f", test.name, s.Score, text(s), want)
			}
		}
		if sampled := strings.HasSuffix(runs.Note, "which are a sample"); sampled != (runs.Interval != nil) || sampled != (test.name == "a sample of the runs") {
			t.Errorf("%s: note %q, interval %v", test.name, runs.Note, runs.Interval)
		}
	}
}

// TestWilson has the values of SciPy 1.17.1's binomtest(found, 10).proportion_ci(method="wilson").
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		found, of int
		want      [2]float64
	}{{0, 10, [2]float64{0, 0.27753279}}, {5, 10, [2]float64{0.23659309, 0.76340691}}, {10, 10, [2]float64{0.72246721, 1}}} {
		got := wilson(test.found, test.of)
		if math.Abs(got[0]-test.want[0]) > 1e-8 || math.Abs(got[1]-test.want[1]) > 1e-8 {
			t.Errorf("%d of %d: %v, want %v", test.found, test.of, got, test.want)
		}
	}
}
