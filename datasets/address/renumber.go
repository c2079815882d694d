package address

import (
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// renumber gives the hosts of each group, indices of the plan's hosts, new
// addresses out of the ranges and new MACs, and settles where hosts beyond the plan
// get theirs. It is the one way in which any plan is numbered. Busy hosts, by their
// flows, come first. Hosts of a group that shared a network, a site or a MAC still
// share one; hosts of two groups share none, and a host without a MAC gets one of
// its own. MACs keep what they say of a vendor. What is taken and what the hosts outside of all groups have is not given
// out. Where the ranges have no room, addresses are given out twice, and renumber
// reports false.
func (p *Plan) renumber(r ranges, taken *taken, flows []int64, groups ...[]int) bool {
	grouped := make([]bool, len(p.Hosts))
	members := make([][]member, len(groups))
	for g, group := range groups {
		for _, i := range group {
			grouped[i] = true
			members[g] = append(members[g], member{p.Hosts[i].Address, flows[i], i})
		}
	}
	for i, h := range p.Hosts {
		if !grouped[i] {
			taken.hosts[h.Address], taken.macs[h.MAC] = true, true
		}
	}
	addresses := make([]netip.Addr, len(p.Hosts))
	fits := r.assign(addresses, taken, members...)
	number, prefixes := uint32(0), p.vendorPrefixes()
	for _, group := range groups {
		for _, i := range group {
			p.Hosts[i].Address = addresses[i]
		}
		group = slices.Clone(group)
		slices.SortStableFunc(group, func(a, b int) int { return addresses[a].Compare(addresses[b]) })
		given := make(map[flow.MAC]flow.MAC)
		for _, i := range group {
			h := &p.Hosts[i]
			mac, ok := given[h.MAC]
			if !ok || h.MAC == (flow.MAC{}) {
				for again := true; again; again = taken.macs[mac] {
					number++
					mac = prefixes.mac(h.MAC, number)
				}
				given[h.MAC], taken.macs[mac] = mac, true
			}
			h.MAC = mac
		}
	}
	p.Overflow4, p.Overflow6 = taken.free(r.overflow4), taken.free(r.overflow6)
	return fits
}

// remap gives the hosts the indices of index, -1 for those that are dropped; hosts
// is the new list.
func (p *Plan) remap(hosts []Host, index []int) {
	p.Hosts = hosts
	for i := range p.Services {
		for j := range p.Services[i].Pairs {
			pair := &p.Services[i].Pairs[j]
			pair.Client, pair.Server = index[pair.Client], index[pair.Server]
		}
	}
}
