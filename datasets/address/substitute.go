package address

import (
	"cmp"
	"net/netip"
	"slices"
)

// Substitutes returns a host for each address of other traffic that is put among that of
// the plan: for servers, which come with the busiest first, the plan's servers of the same
// IP version, the busiest first, so that what was done to a server is done to one of the
// plan's; for clients, and for servers that the plan has too few of, hosts that the plan
// does not have, from the far end of its overflow ranges. So no five-tuple of a client and
// a server is one of the plan's own flows. Multicast and broadcast addresses have no host.
func (p *Plan) Substitutes(servers, clients []netip.Addr) map[netip.Addr]Host {
	own := p.servers()
	out := make(map[netip.Addr]Host, len(servers)+len(clients))
	number := uint32(0)
	for i, a := range slices.Concat(servers, clients) {
		a = a.Unmap()
		if _, done := out[a]; done || !unicast(a) {
			continue
		}
		six := b2i(a.Is6())
		if i < len(servers) && len(own[six]) > 0 {
			out[a], own[six] = p.Hosts[own[six][0]], own[six][1:]
			continue
		}
		number++
		prefix := p.Overflow4
		if a.Is6() {
			prefix = p.Overflow6
		}
		out[a] = Host{Address: nthAddress(prefix, -number), MAC: localMAC(-number)}
	}
	return out
}

// servers returns the hosts that have a service, by IP version, those of most flows first.
func (p *Plan) servers() (own [2][]int) {
	flows := make(map[int]int64)
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			flows[pair.Server] += pair.Flows
		}
	}
	for i, h := range p.Hosts {
		if _, ok := flows[i]; ok {
			six := b2i(h.Address.Is6())
			own[six] = append(own[six], i)
		}
	}
	for _, hosts := range own {
		slices.SortStableFunc(hosts, func(a, b int) int { return cmp.Compare(flows[b], flows[a]) })
	}
	return own
}

// unicast reports whether an address is that of one host.
func unicast(a netip.Addr) bool {
	return a.IsValid() && !a.IsMulticast() && !a.IsUnspecified() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
