package address

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// convert gives hosts of the family that is not wanted an address of the other
// one, such that hosts of one network or site still share one, and returns these
// addresses. They say who is near to whom, and are replaced before they are used.
func (p *Plan) convert(to IPv6) map[netip.Addr]bool {
	converted := make(map[netip.Addr]bool)
	sites, networks := make(map[netip.Prefix]int), make(map[netip.Prefix]int)
	number := func(m map[netip.Prefix]int, a netip.Addr, bits int) int {
		prefix, _ := a.Prefix(bits)
		if _, ok := m[prefix]; !ok {
			m[prefix] = len(m)
		}
		return m[prefix]
	}
	for i := range p.Hosts {
		a := p.Hosts[i].Address
		switch {
		case to == IPv6Off && a.Is6():
			site, net := number(sites, a, site6), number(networks, a, network6)
			p.Hosts[i].Address = netip.AddrFrom4([4]byte{byte(site >> 8), byte(site), byte(net), byte(i)})
		case to == IPv6On && a.Is4():
			b := a.As4()
			p.Hosts[i].Address = netip.AddrFrom16([16]byte{0x20, 0x01, 4: b[0], 5: b[1], 7: b[2], 15: b[3]})
		default:
			continue
		}
		converted[p.Hosts[i].Address] = true
	}
	return converted
}

// resize changes the plan to so many clients and servers, 0 for as many as it has.
// Where it has too many, the busiest take over from the others; where it has too
// few, it gets copies that take a part of the flows. It returns the number of hosts
// before those that were added.
func (p *Plan) resize(clients, servers int) (kept int, err error) {
	kept = len(p.Hosts)
	if clients == 0 && servers == 0 {
		return kept, nil
	}
	var replacements [2]map[int][]int
	for role, want := range []int{clients, servers} {
		if replacements[role], err = p.resizeRole(role, want); err != nil {
			return kept, err
		}
	}
	for i := range p.Services {
		p.Services[i].remapPairs(replacements)
	}
	return p.dropUnused(kept), nil
}

// remapPairs gives the pairs of a service to the replacements of their clients and
// of their servers. Each replacement of one side meets one of the other; where that
// makes too many pairs, replacements take turns at the pairs.
func (s *Service) remapPairs(replacements [2]map[int][]int) {
	total := 0
	for _, pair := range s.Pairs {
		total += max(len(replacements[0][pair.Client]), len(replacements[1][pair.Server]), 1)
	}
	stride := (total + maxPairs - 1) / maxPairs
	flows, tunnels := make(map[[2]int]int64), make(map[[2]int]int)
	for j, pair := range s.Pairs {
		from, to := replacements[0][pair.Client], replacements[1][pair.Server]
		if pair.Client == pair.Server {
			to = from
		}
		n := max(len(from), len(to))
		step := min(stride, n)
		for k := j % step; k < n; k += step {
			ends := [2]int{from[k%len(from)], to[k%len(to)]}
			if _, known := flows[ends]; !known {
				tunnels[ends] = pair.Tunnel
			}
			flows[ends] += max(1, pair.Flows*flowParts/int64(n/step))
		}
	}
	s.Pairs = s.Pairs[:0]
	for ends, n := range flows {
		s.Pairs = append(s.Pairs, Pair{ends[0], ends[1], n, tunnels[ends]})
	}
	s.sortPairs()
}

// flowParts is what a pair's flows are multiplied by before copies divide them.
const flowParts = 1 << 10

// resizeRole returns, for each host that has the role (0 of the client, 1 of the
// server), the hosts that take over its flows, so that want hosts have the role in
// all; want = 0 keeps the hosts as they are. Hosts of both IP versions keep their
// proportion.
func (p *Plan) resizeRole(role, want int) (map[int][]int, error) {
	flows := make(map[int]int64)
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			if role == 0 || pair.Client != pair.Server {
				flows[[2]int{pair.Client, pair.Server}[role]] += pair.Flows
			}
		}
	}
	var hosts [2][]int // by family
	for h := range flows {
		family := 0
		if p.Hosts[h].Address.Is6() {
			family = 1
		}
		hosts[family] = append(hosts[family], h)
	}
	if want == 0 {
		want = len(flows)
	}
	n := [2]int{want, want}
	if four, six := len(hosts[0]), len(hosts[1]); four > 0 && six > 0 {
		if want < 2 {
			return nil, fmt.Errorf("address: options: %s is %d, want at least 2, or ipv6 off or on: the plan has IPv4 and IPv6 hosts", [2]string{"clients", "servers"}[role], want)
		}
		n[1] = min(max(1, want*six/(four+six)), want-1)
		n[0] = want - n[1]
	}
	replacements := make(map[int][]int, len(flows))
	for family, list := range hosts {
		slices.SortFunc(list, func(a, b int) int { return cmp.Or(cmp.Compare(flows[b], flows[a]), cmp.Compare(a, b)) })
		p.replace(replacements, list, n[family])
	}
	return replacements, nil
}

// replace names n hosts that take over the flows of a list of hosts, the busiest of
// which come first: of the list itself, and beyond its length copies. A copy has no
// MAC yet.
func (p *Plan) replace(replacements map[int][]int, list []int, n int) {
	for i, h := range list {
		replacements[h] = append(replacements[h], list[i%min(n, len(list))])
	}
	for k := len(list); k < n && len(list) > 0; k++ {
		h := list[k%len(list)]
		replacements[h] = append(replacements[h], len(p.Hosts))
		added := p.Hosts[h]
		added.MAC = flow.MAC{}
		p.Hosts = append(p.Hosts, added)
	}
}

// dropUnused removes hosts without pairs, and returns how many of the first so many
// are left.
func (p *Plan) dropUnused(first int) int {
	used := make([]bool, len(p.Hosts))
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			used[pair.Client], used[pair.Server] = true, true
		}
	}
	index := make([]int, len(p.Hosts))
	left, kept := 0, p.Hosts[:0]
	for i, h := range p.Hosts {
		index[i] = len(kept)
		if used[i] {
			kept = append(kept, h)
			if i < first {
				left++
			}
		}
	}
	p.remap(kept, index)
	return left
}
