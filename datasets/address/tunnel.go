package address

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Tunnel is what the packets of some pairs of hosts are inside of: VLAN tags, MPLS labels
// and the headers of tunnels.
type Tunnel struct {
	Forward  *flow.Encapsulation `json:"forward"`  // of what clients send
	Backward *flow.Encapsulation `json:"backward"` // of what servers send
}

// TunnelState is a tunnel while frames are made: what its two ends count.
type TunnelState struct {
	Tunnel
	NextID   [2]uint16 // next IPv4 identification, by direction
	Sequence [2]uint32 // next sequence number of GRE
}

// tunnelOf returns the tunnel of a flow: the encapsulation of the first packet each way.
// Of one that was seen one way only, the other is its reverse. ok is false for none.
func tunnelOf(f *flow.Flow) (t Tunnel, ok bool) {
	var ways [2]*flow.Encapsulation
	for i := range f.Packets {
		p := &f.Packets[i]
		if way := &ways[p.Direction&1]; *way == nil {
			*way = p.Encapsulation
		}
		if ways[0] != nil && ways[1] != nil {
			break
		}
	}
	for i, way := range ways {
		if way == nil && ways[1-i] != nil {
			ways[i] = ways[1-i].Reverse()
		}
	}
	return Tunnel{ways[flow.Forward], ways[flow.Backward]}, ways[0] != nil
}

// tunnelCounts are the flows of each tunnel between two hosts. Flows that are not
// encapsulated count for the empty text.
type tunnelCounts struct {
	flows map[[2]netip.Addr]map[[2]string]int64
	known map[[2]string]Tunnel
}

// add counts a flow of a pair of hosts.
func (c *tunnelCounts) add(f *flow.Flow, pair [2]netip.Addr) {
	t, ok := tunnelOf(f)
	if !ok && c.flows[pair] == nil {
		return // it may be the first of many that are in no tunnel
	}
	if c.flows == nil {
		c.flows, c.known = make(map[[2]netip.Addr]map[[2]string]int64), make(map[[2]string]Tunnel)
	}
	if c.flows[pair] == nil {
		c.flows[pair] = make(map[[2]string]int64)
	}
	texts := [2]string{t.Forward.String(), t.Backward.String()}
	c.flows[pair][texts]++
	if ok {
		c.known[texts] = t
	}
}

// addresses returns the addresses of the ends of all tunnels.
func (c *tunnelCounts) addresses() (all []netip.Addr) {
	for _, t := range c.known {
		for _, h := range append(t.Forward.Headers(), t.Backward.Headers()...) {
			if h.Src.IsValid() {
				all = append(all, h.Src, h.Dst)
			}
		}
	}
	return all
}

// addTunnels gives the plan the tunnels, those of most flows first, and each pair the one
// that most of its flows have.
func (p *Plan) addTunnels(c *tunnelCounts, index map[netip.Addr]int) {
	most, total := make(map[[2]int][2]string), make(map[[2]string]int64)
	for ends, tunnels := range c.flows {
		var best [2]string
		for _, texts := range slices.SortedFunc(maps.Keys(tunnels), compareTexts) {
			total[texts] += tunnels[texts]
			if tunnels[texts] > tunnels[best] {
				best = texts
			}
		}
		most[[2]int{index[ends[0]], index[ends[1]]}] = best
	}
	order := slices.SortedFunc(maps.Keys(c.known), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(total[b], total[a]), compareTexts(a, b))
	})
	number := make(map[[2]string]int)
	for _, texts := range order {
		p.Tunnels = append(p.Tunnels, c.known[texts])
		number[texts] = len(p.Tunnels)
	}
	for i := range p.Services {
		for j := range p.Services[i].Pairs {
			pair := &p.Services[i].Pairs[j]
			pair.Tunnel = number[most[[2]int{pair.Client, pair.Server}]]
		}
	}
}

func compareTexts(a, b [2]string) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// firstNumber is the number that the first label, network, key or endpoint of each kind
// gets. VLANs keep theirs: there are few, and what they are says the experiment's network.
var firstNumber = map[flow.OuterKind]uint32{flow.OuterMPLS: 16, flow.OuterVXLAN: 1, flow.OuterGeneve: 1, flow.OuterGTP: 1, flow.OuterGRE: 1}

// renumberTunnels gives the ends of tunnels addresses from the end of the ranges for hosts
// beyond the plan, and labels, networks, keys and endpoints numbers in the order of tunnels.
func (p *Plan) renumberTunnels() {
	type number struct {
		kind flow.OuterKind
		id   uint32
	}
	addresses, numbers := make(map[netip.Addr]netip.Addr), make(map[number]uint32)
	next := maps.Clone(firstNumber)
	address := func(a netip.Addr) netip.Addr {
		if _, ok := addresses[a]; !ok {
			prefix, last := p.Overflow6, uint32(1<<32-1)
			if a.Is4() {
				prefix, last = p.Overflow4, uint32(1)<<(32-p.Overflow4.Bits())-2
			}
			addresses[a] = nthAddress(prefix, last-uint32(len(addresses))%last)
		}
		return addresses[a]
	}
	change := func(e *flow.Encapsulation) *flow.Encapsulation {
		headers := e.Headers()
		for i := range headers {
			h := &headers[i]
			if h.Src.IsValid() {
				h.Src, h.Dst = address(h.Src), address(h.Dst)
			}
			if next[h.Kind] == 0 || h.Kind == flow.OuterGRE && h.Options&flow.GREKey == 0 {
				continue
			}
			was := number{h.Kind, h.ID}
			if _, ok := numbers[was]; !ok {
				numbers[was] = next[h.Kind]
				next[h.Kind]++
			}
			h.ID = numbers[was]
		}
		return flow.NewEncapsulation(headers)
	}
	for i, t := range p.Tunnels {
		p.Tunnels[i] = Tunnel{change(t.Forward), change(t.Backward)}
	}
}

// MaxEncapsulation is the most bytes that a tunnel adds to a frame.
const MaxEncapsulation = 256

// checkTunnels reports every problem of the tunnels and of the pairs that have one.
func (p *Plan) checkTunnels() error {
	var problems []error
	for i, t := range p.Tunnels {
		for _, way := range []struct {
			name string
			*flow.Encapsulation
		}{{"forward", t.Forward}, {"backward", t.Backward}} {
			switch {
			case way.Encapsulation == nil:
				problems = append(problems, fmt.Errorf("address: plan: tunnels[%d].%s is missing", i, way.name))
			case way.Size() > MaxEncapsulation:
				problems = append(problems, fmt.Errorf("address: plan: tunnels[%d].%s adds %d bytes to a frame: want at most %d", i, way.name, way.Size(), MaxEncapsulation))
			}
		}
	}
	for i, s := range p.Services {
		for j, pair := range s.Pairs {
			if pair.Tunnel < 0 || pair.Tunnel > len(p.Tunnels) {
				problems = append(problems, fmt.Errorf("address: plan: services[%d].pairs[%d].tunnel is %d: want 0 (none) to %d", i, j, pair.Tunnel, len(p.Tunnels)))
			}
		}
	}
	return errors.Join(problems...)
}

// tunnelStates returns the tunnels of a plan's pairs, ready to count. The two ends begin
// anywhere.
func tunnelStates(p *Plan) map[[2]int]*TunnelState {
	states := make([]*TunnelState, len(p.Tunnels))
	for i, t := range p.Tunnels {
		states[i] = newTunnelState(t, i)
	}
	tunnels := make(map[[2]int]*TunnelState)
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			ends := [2]int{pair.Client, pair.Server}
			if pair.Tunnel > 0 && tunnels[ends] == nil {
				tunnels[ends] = states[pair.Tunnel-1]
			}
		}
	}
	return tunnels
}

// newTunnelState returns a tunnel whose identifications begin somewhere: they draw on no
// source, so that a plan with tunnels gives the same hosts as one without.
func newTunnelState(t Tunnel, i int) *TunnelState {
	begin := scatter(uint32(i), 1<<15, 0x7475)
	return &TunnelState{Tunnel: t, NextID: [2]uint16{uint16(begin), uint16(begin) ^ 1<<15}}
}

// keptTunnel returns the state of a tunnel that a flow brings.
func (a *Assigner) keptTunnel(t Tunnel) *TunnelState {
	texts := [2]string{t.Forward.String(), t.Backward.String()}
	if a.keptIn == nil {
		a.keptIn = make(map[[2]string]*TunnelState)
	}
	if a.keptIn[texts] == nil {
		a.keptIn[texts] = newTunnelState(t, len(a.keptIn))
	}
	return a.keptIn[texts]
}

// TunnelMAC returns the MAC of the end of a tunnel that has an address.
func TunnelMAC(a netip.Addr) flow.MAC {
	raw := a.As16()
	return localMAC(1<<25 | uint32(raw[13])<<16 | uint32(raw[14])<<8 | uint32(raw[15]))
}
