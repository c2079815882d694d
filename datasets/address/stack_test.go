package address_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// framed returns the flows of frames among hosts that change has been applied to.
func framed(t *testing.T, change func(h *address.Host)) []*flow.Flow {
	t.Helper()
	plan := address.Default()
	for i := range plan.Hosts {
		change(&plan.Hosts[i])
	}
	f, err := tcp.NewFramer(plan, tcp.Options{}, rand.NewPCG(3, 4))
	if err != nil {
		t.Fatal(err)
	}
	var flows []*flow.Flow
	for i := range int64(400) {
		one := flowtest.Plain(i, flowtest.Epoch+i*2e8, 20)
		one.Application = flow.HTTP
		flows = append(flows, one)
	}
	var assembler flow.Assembler
	back, _, err := flow.Collect(assembler.Flows(func(yield func(flow.Packet, error) bool) {
		for frame, err := range f.Frames(flowtest.Sequence(flows)) {
			if !yield(frame.Packet, err) {
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// What hosts do is what is learned of their frames.
func TestStacksAreLearned(t *testing.T) {
	var syn flow.TCPOptions
	if err := syn.UnmarshalText([]byte("mss,nop,nop,ts,nop,ws")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []address.Host{
		{TCP: address.IPv4{Numbering: address.ByConnection}, Clock: address.Clock{Rate: 1000, Scope: address.ClockOfConnection}, SYNs: []flow.TCPOptions{syn}},
		{TCP: address.IPv4{Numbering: address.ByHost}, Clock: address.Clock{Rate: 100, Scope: address.ClockOfHost}},
		{TCP: address.IPv4{Numbering: address.AtRandom, Fragments: true}, Clock: address.Clock{Rate: 250, Scope: address.ClockOfPair}},
		{TCP: address.IPv4{Numbering: address.Unnumbered}, Clock: address.Clock{Rate: 1000, Scope: address.ClockOfHost}},
	} {
		plan, err := address.Fit(framed(t, func(h *address.Host) { h.TCP, h.Clock, h.SYNs = want.TCP, want.Clock, want.SYNs }), address.FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range plan.Hosts {
			if h.TCP != want.TCP || h.Clock != want.Clock || want.SYNs != nil && !slices.Contains(h.SYNs, syn) {
				t.Errorf("host %d: %+v, %+v, SYNs %v; want %+v, %+v, %v", i, h.TCP, h.Clock, h.SYNs, want.TCP, want.Clock, want.SYNs)
				break
			}
		}
	}
}

// Flows of a table without the columns of headers leave hosts as Linux ones are.
func TestStacksUnknown(t *testing.T) {
	flows := framed(t, func(*address.Host) {})
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			p.ID, p.DontFragment, p.Options, p.Stamp = 0, false, 0, 0
		}
	}
	plan, err := address.Fit(flows, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range plan.Hosts {
		if h.TCP != (address.IPv4{}) || h.Clock != (address.Clock{Rate: 1000}) || h.SYNs != nil {
			t.Errorf("host %d: %+v, %+v, %v", i, h.TCP, h.Clock, h.SYNs)
		}
	}
}

func TestStackRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`"tcp": {"numbering": "often"}`, `numbering "often": want one of connection, host, none, random`},
		{`"clock": {"rate": 1000, "scope": "world"}`, `scope "world": want one of connection, pair, host`},
		{`"clock": {"rate": 2000000, "scope": "host"}`, "clock.rate is 2000000, want 1 to 1000000"},
		{`"clock": {"rate": 0, "scope": "host"}`, "clock.rate is 0, want 1"},
		{`"syns": ["mss,magic"]`, `"mss,magic": want up to 16`},
		{`"syns": ["mss,sack"]`, "syns[0] is mss,sack, want eol, nop"},
		{`"syns": ["ts,ts,ts,ts,mss"]`, "has 44 bytes: want at most 40"},
	} {
		if _, err := address.Read(strings.NewReader(`{"version": 3, "hosts": [{`+c.text+`}]}`), "plan.json"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.text, err, c.want)
		}
	}
}
