package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// InUse is what the training flows have of the values that belong to nobody and
// are given to generated hosts: whoever gives out new ones leaves these alone. It
// tells nothing of real hosts, which have none of these values.
type InUse struct {
	Networks []netip.Prefix `json:"networks,omitempty"` // /24 and /64 within the documentation and benchmarking ranges
	MACs     []flow.MAC     `json:"macs,omitempty"`     // with the program's own prefix
	Devices  []uint16       `json:"devices,omitempty"`  // blocks of 4096 LoRaWAN device addresses of the experimental networks, by number
	Gateways []uint64       `json:"gateways,omitempty"` // EUIs of the documentation range or the program's own
}

// Merge is one plan for several applications, each fitted by itself: its hosts
// are those of all plans, under addresses and MACs that no two plans share, its
// services those of all plans. Hosts of plans that keep the original addresses
// keep them, and are one host where they have one address.
func Merge(plans ...*Plan) (*Plan, error) {
	if len(plans) == 0 {
		return nil, errors.New("wire: merge: no plan, want at least one")
	}
	var problems []error
	for i, p := range plans {
		switch {
		case p == nil:
			problems = append(problems, fmt.Errorf("wire: merge: plan %d is nil", i))
		default:
			if err := p.Validate(); err != nil {
				problems = append(problems, fmt.Errorf("wire: merge: plan %d: %w", i, err))
			}
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	m := merging{plan: &Plan{Version: PlanVersion, Original: true}, kept: make(map[netip.Addr]int), macs: make(map[flow.MAC]bool)}
	for _, p := range plans {
		m.add(p)
	}
	if err := m.address(); err != nil {
		return nil, err
	}
	if err := m.plan.Validate(); err != nil {
		return nil, fmt.Errorf("wire: merge: %w", err)
	}
	return m.plan, nil
}

// merging is a plan that others are added to.
type merging struct {
	plan  *Plan
	kept  map[netip.Addr]int // hosts with original addresses
	macs  map[flow.MAC]bool  // given out, or not to be
	lists [][]seenHost       // of each plan, the hosts that need addresses
	next  uint32             // number of the last MAC given out
}

// add adds a plan's hosts, still under their own addresses, and its services.
func (m *merging) add(p *Plan) {
	out := m.plan
	out.MTU = max(out.MTU, p.MTU)
	out.Original = out.Original && p.Original
	out.InUse.Networks = union(out.InUse.Networks, p.InUse.Networks)
	out.InUse.MACs = union(out.InUse.MACs, p.InUse.MACs)
	out.InUse.Devices = union(out.InUse.Devices, p.InUse.Devices)
	out.InUse.Gateways = union(out.InUse.Gateways, p.InUse.Gateways)
	for _, mac := range p.InUse.MACs {
		m.macs[mac] = true
	}
	out.Examples = append(out.Examples, p.Examples...)
	popularity := p.popularity()
	index := make([]int, len(p.Hosts))
	var list []seenHost
	for i, h := range p.Hosts {
		index[i] = len(out.Hosts)
		if p.Original {
			if at, ok := m.kept[h.Address]; ok {
				index[i] = at
				continue
			}
			m.kept[h.Address] = index[i]
		} else {
			list = append(list, seenHost{h.Address, popularity[i], index[i]})
		}
		out.Hosts = append(out.Hosts, h)
	}
	m.newMACs(p, index)
	m.lists = append(m.lists, list)
	for _, s := range p.Services {
		s.Pairs = slices.Clone(s.Pairs)
		for j := range s.Pairs {
			s.Pairs[j].Client, s.Pairs[j].Server = index[s.Pairs[j].Client], index[s.Pairs[j].Server]
		}
		out.Services = append(out.Services, s)
	}
}

// newMACs gives the plan's hosts other MACs where another plan has them; hosts
// that shared one still do.
func (m *merging) newMACs(p *Plan, index []int) {
	given := make(map[flow.MAC]flow.MAC)
	for i, h := range p.Hosts {
		mac, ok := given[h.MAC]
		if !ok {
			mac = h.MAC
			for m.macs[mac] && !p.Original {
				m.next++
				mac = localMAC(m.next)
			}
			given[h.MAC], m.macs[mac] = mac, true
		}
		if !p.Original {
			m.plan.Hosts[index[i]].MAC = mac
		}
	}
}

// popularity is how many flows each host of the plan has.
func (p *Plan) popularity() []int64 {
	flows := make([]int64, len(p.Hosts))
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			flows[pair.Client] += pair.Flows
			flows[pair.Server] += pair.Flows
		}
	}
	return flows
}

// address gives the hosts that need it addresses of their own.
func (m *merging) address() error {
	taken := newInUse()
	for _, n := range m.plan.InUse.Networks {
		taken.networks[n] = true
	}
	for a := range m.kept {
		taken.hosts[a] = true
	}
	return m.plan.readdress(documentedRanges(), &taken, m.lists...)
}

// readdress gives the hosts of the lists addresses of the ranges.
func (p *Plan) readdress(r ranges, taken *inUse, lists ...[]seenHost) error {
	addresses := make([]netip.Addr, len(p.Hosts))
	fits := r.assign(addresses, taken, lists...)
	count := 0
	for _, list := range lists {
		count += len(list)
		for _, h := range list {
			p.Hosts[h.index].Address = addresses[h.index]
		}
	}
	if !fits {
		return fmt.Errorf("wire: plan: %d hosts have no room in %v", count, r.blocks4)
	}
	p.Spare4, p.Spare6 = freePrefix(r.spare4, taken.overlaps), freePrefix(r.spare6, taken.overlaps)
	return nil
}

// union is both lists' values, without repetition.
func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}
