package address

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Merge returns one plan for several applications, each fitted by itself: its hosts
// are those of all plans, under addresses and MACs that no two plans share, and its
// services those of all plans. Hosts of plans that keep the original addresses
// keep them, and are one host where they have one address. hosts[i][j] is where host j
// of plan i is in the result.
func Merge(plans ...*Plan) (merged *Plan, hosts [][]int, err error) {
	if len(plans) == 0 {
		return nil, nil, errors.New("address: merge: no plan, want at least one")
	}
	var problems []error
	for i, p := range plans {
		switch {
		case p == nil:
			problems = append(problems, fmt.Errorf("address: merge: plan %d is nil", i))
		default:
			if err := p.Validate(); err != nil {
				problems = append(problems, fmt.Errorf("address: merge: plan %d: %w", i, err))
			}
		}
	}
	if len(problems) > 0 {
		return nil, nil, errors.Join(problems...)
	}
	out := &Plan{Version: planVersion, Original: true}
	kept := make(map[netip.Addr]int)
	var groups [][]int
	for _, p := range plans {
		group, index := out.add(p, kept)
		groups, hosts = append(groups, group), append(hosts, index)
	}
	r := documentedRanges()
	if !out.renumber(r, out.InUse.taken(), out.popularity(), groups...) {
		return nil, nil, fmt.Errorf("address: merge: %d hosts have no room in %v", len(out.Hosts)-len(kept), r.blocks4)
	}
	if !out.Original {
		out.renumberTunnels()
	}
	if err := out.Validate(); err != nil {
		return nil, nil, fmt.Errorf("address: merge: %w", err)
	}
	return out, hosts, nil
}

// add adds another plan's services and its hosts, still under their own addresses,
// and returns which of these need new ones, and where each is. Hosts with original
// addresses need none; kept has their indices.
func (p *Plan) add(other *Plan, kept map[netip.Addr]int) (group, index []int) {
	p.MTU = max(p.MTU, other.MTU)
	p.Original = p.Original && other.Original
	p.InUse.Networks = union(p.InUse.Networks, other.InUse.Networks)
	p.InUse.MACs = union(p.InUse.MACs, other.InUse.MACs)
	p.InUse.Devices = union(p.InUse.Devices, other.InUse.Devices)
	p.InUse.Gateways = union(p.InUse.Gateways, other.InUse.Gateways)
	index = make([]int, len(other.Hosts))
	for i, h := range other.Hosts {
		index[i] = len(p.Hosts)
		if !other.Original {
			group = append(group, index[i])
		} else if at, ok := kept[h.Address]; ok {
			index[i] = at
			continue
		} else {
			kept[h.Address] = index[i]
		}
		p.Hosts = append(p.Hosts, h)
	}
	first := len(p.Tunnels)
	p.Tunnels = append(p.Tunnels, other.Tunnels...)
	for _, s := range other.Services {
		s.Pairs = slices.Clone(s.Pairs)
		for j := range s.Pairs {
			s.Pairs[j].Client, s.Pairs[j].Server = index[s.Pairs[j].Client], index[s.Pairs[j].Server]
			if s.Pairs[j].Tunnel > 0 {
				s.Pairs[j].Tunnel += first
			}
		}
		p.Services = append(p.Services, s)
	}
	return group, index
}

// union returns the values of both lists, each once.
func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}
