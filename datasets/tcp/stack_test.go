package tcp

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// framedBy frames overlapping flows among hosts that change has been applied to.
func framedBy(t *testing.T, change func(h *address.Host)) []flow.Packet {
	t.Helper()
	plan := address.Default()
	for i := range plan.Hosts {
		change(&plan.Hosts[i])
	}
	var flows []*flow.Flow
	for i := range int64(300) {
		flows = append(flows, flowtest.Plain(i, flowtest.Epoch+i*1e6, 20))
	}
	var packets []flow.Packet
	for frame, err := range newTestFramer(t, plan, Options{}).Frames(flowtest.Sequence(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, frame.Packet)
	}
	return packets
}

// A host that counts its packets counts those of all its connections together; one whose
// connections count each begins anywhere in each.
func TestNumbering(t *testing.T) {
	for numbering := range address.AtRandom + 1 {
		hosts, connections := map[netip.Addr]uint16{}, map[flow.FiveTuple]uint16{}
		var ofHost, ofConnection, others, zero int
		for _, p := range framedBy(t, func(h *address.Host) { h.TCP.Numbering = numbering }) {
			if p.ID == 0 {
				zero++
				if stateless := p.Flags&(flow.SYN|flow.ACK) == flow.SYN|flow.ACK; numbering == address.ByConnection && !stateless {
					t.Fatalf("%v: packet %d, %v, has number 0", numbering, p.Number, p.Flags)
				}
				continue
			}
			of := p.Tuple.Src.Addr()
			if before, ok := hosts[of]; ok {
				others++
				if p.ID == before+1 {
					ofHost++
				}
			}
			if before, ok := connections[p.Tuple]; ok && p.ID == before+1 {
				ofConnection++
			}
			hosts[of], connections[p.Tuple] = p.ID, p.ID
		}
		followed := others + len(hosts) - len(connections) // packets that are not the first of their connection
		switch {
		case numbering == address.ByHost && ofHost < others-zero,
			numbering == address.ByConnection && (ofConnection < followed-1 || ofHost > others/2 || zero < 300),
			numbering == address.Unnumbered && others > 0,
			numbering == address.AtRandom && (ofHost > others/10 || ofConnection > others/10):
			t.Errorf("%v: of %d numbers, %d are 0, %d follow that before of their host, %d that of their connection", numbering, others, zero, ofHost, ofConnection)
		}
	}
}

// Don't Fragment is set unless the host leaves it clear.
func TestDontFragment(t *testing.T) {
	for _, fragments := range []bool{false, true} {
		for _, p := range framedBy(t, func(h *address.Host) { h.TCP.Fragments = fragments }) {
			if p.DontFragment == fragments {
				t.Fatalf("%v: packet %d has Don't Fragment %v", fragments, p.Number, p.DontFragment)
			}
		}
	}
}

// SYNs have the options of their host in its order, and answers bring in none that was not
// offered.
func TestSYNOptions(t *testing.T) {
	plan, clients := address.Default(), map[netip.Addr]bool{}
	for _, pair := range plan.Services[0].Pairs {
		clients[plan.Hosts[pair.Client].Address] = true
	}
	for _, c := range []struct{ client, server, syn, answer string }{
		{"", "", "mss,sok,ts,nop,ws", "mss,sok,ts,nop,ws"},
		{"mss,nop,nop,ts,nop,ws", "", "mss,nop,nop,ts,nop,ws", "mss,nop,nop,ts"},
		{"mss,nop,nop,ts,nop,ws", "mss,sok,ts,nop,ws;mss,nop,nop,ts,nop,ws", "mss,nop,nop,ts,nop,ws", "mss,nop,nop,ts,nop,ws"},
		{"mss,sok,ts,ws,nop", "mss,ts,sok,nop,ws", "mss,sok,ts,ws,nop", "mss,ts,sok,nop,ws"},
	} {
		for _, p := range framedBy(t, func(h *address.Host) {
			if h.SYNs = layoutsOf(t, c.server); clients[h.Address] {
				h.SYNs = layoutsOf(t, c.client)
			}
		}) {
			if want := map[flow.TCPFlags]string{flow.SYN: c.syn, flow.SYN | flow.ACK: c.answer}[p.Flags]; want != "" && p.Options.String() != want {
				t.Errorf("%+v: %v has %v, want %v", c, p.Flags, p.Options, want)
				break
			}
		}
	}
}

// layoutsOf reads options with semicolons in between.
func layoutsOf(t *testing.T, text string) (list []flow.TCPOptions) {
	t.Helper()
	for one := range strings.SplitSeq(text, ";") {
		var o flow.TCPOptions
		if err := o.UnmarshalText([]byte(one)); err != nil {
			t.Fatal(err)
		}
		if o != 0 {
			list = append(list, o)
		}
	}
	return list
}

// Timestamps go at the host's rate, from an offset that its connections, those with one other
// host, or none of them share.
func TestClocks(t *testing.T) {
	for scope := range address.ClockOfHost + 1 {
		clock := address.Clock{Rate: 250, Scope: scope}
		offsets := [3]map[any]map[uint32]bool{{}, {}, {}} // by connection, pair and host
		for _, p := range framedBy(t, func(h *address.Host) { h.Clock = clock }) {
			if !p.Options.Has(flow.OptionTimestamps) {
				continue
			}
			from, to := p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()
			for level, key := range []any{p.Tuple, [2]netip.Addr{from, to}, from} {
				if offsets[level][key] == nil {
					offsets[level][key] = map[uint32]bool{}
				}
				offsets[level][key][p.Stamp-clock.Ticks(p.Time)] = true
			}
		}
		for level, seen := range offsets {
			most := 0
			for _, of := range seen {
				most = max(most, len(of))
			}
			if shared := most == 1; len(seen) == 0 || shared != (level <= int(scope)) {
				t.Errorf("%v: %d different offsets at level %d", scope, most, level)
			}
		}
	}
}
