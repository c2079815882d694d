package wire

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// adapt is the plan as the options want it; the plan itself does not change.
func (p *Plan) adapt(o *Options) (*Plan, error) {
	if o.Payload == CopyPayload && len(p.Examples) == 0 {
		return nil, errors.New("wire: options: payload is copy, but the plan has no examples of payloads: want a plan fitted with KeepPayloads, or neutral, random or zero")
	}
	if len(o.Addresses) == 0 && o.IPv6 == ObservedIPv6 && o.Clients == 0 && o.Servers == 0 {
		return p, nil
	}
	out := *p
	out.Hosts = slices.Clone(p.Hosts)
	out.Services = slices.Clone(p.Services)
	for i := range out.Services {
		out.Services[i].Pairs = slices.Clone(p.Services[i].Pairs)
	}
	converted := out.convert(o.IPv6)
	added, err := out.resize(o.Clients, o.Servers)
	if err != nil {
		return nil, err
	}
	r, taken := documentedRanges(), newInUse()
	for _, n := range p.InUse.Networks {
		taken.networks[n] = true
	}
	r.use(o.Addresses)
	all := len(o.Addresses) > 0 || !p.Original // synthetic addresses are given anew, so that networks stay together
	popularity := out.popularity()
	var list []seenHost
	for i, h := range out.Hosts {
		if all || converted[h.Address] || i >= added {
			list = append(list, seenHost{h.Address, popularity[i], i})
		} else {
			taken.hosts[h.Address] = true
		}
	}
	out.Original = out.Original && !all
	if err := out.readdress(r, &taken, list); err != nil {
		return nil, fmt.Errorf("wire: options: addresses, %w", err)
	}
	out.freshMACs(added)
	return &out, out.Validate()
}

// use puts the user's prefixes in place of the documented ranges of their family.
// The last quarter of the largest is kept for hosts beyond the plan.
func (r *ranges) use(prefixes []netip.Prefix) {
	var four, six []netip.Prefix
	for _, p := range prefixes {
		if p.Addr().Is4() {
			four = append(four, p)
		} else {
			six = append(six, p)
		}
	}
	bySize := func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Addr().Compare(b.Addr()))
	}
	if slices.SortFunc(four, bySize); len(four) > 0 {
		largest := four[0]
		r.networks4 = nil
		r.spare4 = subPrefix(largest, largest.Bits()+2, 3)
		r.blocks4 = append(four[1:], subPrefix(largest, largest.Bits()+1, 0), subPrefix(largest, largest.Bits()+2, 2))
		slices.SortFunc(r.blocks4, bySize)
	}
	if slices.SortFunc(six, bySize); len(six) > 0 {
		r.blocks6 = six
		r.spare6 = subPrefix(six[0], six[0].Bits()+2, 3)
	}
}

// convert gives hosts of the family that is not wanted an address of the other
// one, such that hosts of one network or site still share one, and returns these.
// They are none to be used: they say who is near to whom.
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
		case to == NoIPv6 && a.Is6():
			site, net := number(sites, a, site6), number(networks, a, network6)
			p.Hosts[i].Address = netip.AddrFrom4([4]byte{byte(site >> 8), byte(site), byte(net), byte(i)})
		case to == OnlyIPv6 && a.Is4():
			b := a.As4()
			p.Hosts[i].Address = netip.AddrFrom16([16]byte{0x20, 0x01, 4: b[0], 5: b[1], 7: b[2], 15: b[3]})
		default:
			continue
		}
		converted[p.Hosts[i].Address] = true
	}
	return converted
}

// resize makes as many clients and servers as asked for, where the plan has
// others: the busiest take the place of those that are too many, and copies of
// all share the flows where there are too few. It returns the number of hosts
// before those that were added.
func (p *Plan) resize(clients, servers int) (added int, err error) {
	added = len(p.Hosts)
	if clients == 0 && servers == 0 {
		return added, nil
	}
	roles := [2]role{}
	for i, want := range []int{clients, servers} {
		if roles[i], err = p.cast(i, want); err != nil {
			return added, err
		}
	}
	for i := range p.Services {
		p.Services[i].recast(roles)
	}
	return p.dropUnused(added), nil
}

// recast gives the pairs of a service to those who play their roles. Each
// player of one side meets one of the other; where that makes too many pairs,
// players take turns at the pairs.
func (s *Service) recast(roles [2]role) {
	total := 0
	for _, pair := range s.Pairs {
		total += max(len(roles[0].players[pair.Client]), len(roles[1].players[pair.Server]))
	}
	stride := (total + maxPairs - 1) / maxPairs
	flows := make(map[[2]int]int64)
	for j, pair := range s.Pairs {
		from, to := roles[0].players[pair.Client], roles[1].players[pair.Server]
		n := max(len(from), len(to))
		step := min(stride, n)
		for k := j % step; k < n; k += step {
			flows[[2]int{from[k%len(from)], to[k%len(to)]}] += max(1, pair.Flows*flowShares/int64(n/step))
		}
	}
	s.Pairs = s.Pairs[:0]
	for ends, n := range flows {
		s.Pairs = append(s.Pairs, Pair{ends[0], ends[1], n})
	}
	slices.SortFunc(s.Pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
	})
}

// flowShares is what a pair's flows are multiplied by before copies share them.
const flowShares = 1 << 10

// role is who plays it: for each host of the plan that has it, the hosts that
// take its flows.
type role struct{ players map[int][]int }

// cast gives a role, 0 of the client, 1 of the server, to so many hosts, 0: to
// those that have it.
func (p *Plan) cast(which, want int) (role, error) {
	flows := make(map[int]int64)
	for _, s := range p.Services {
		for _, pair := range s.Pairs {
			flows[[2]int{pair.Client, pair.Server}[which]] += pair.Flows
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
	out := role{make(map[int][]int, len(flows))}
	n := [2]int{want, want}
	if four, six := len(hosts[0]), len(hosts[1]); four > 0 && six > 0 {
		if want < 2 {
			return out, fmt.Errorf("wire: options: %s is %d, want at least 2, or ipv6 off or on: the plan has IPv4 and IPv6 hosts", [2]string{"clients", "servers"}[which], want)
		}
		n[1] = min(max(1, want*six/(four+six)), want-1)
		n[0] = want - n[1]
	}
	for family, list := range hosts {
		if len(list) == 0 {
			continue
		}
		slices.SortFunc(list, func(a, b int) int { return cmp.Or(cmp.Compare(flows[b], flows[a]), cmp.Compare(a, b)) })
		p.share(&out, list, n[family])
	}
	return out, nil
}

// share lets n hosts take the flows of a list of hosts, the busiest first.
func (p *Plan) share(out *role, list []int, n int) {
	for i, h := range list {
		out.players[h] = append(out.players[h], list[i%min(n, len(list))])
	}
	for k := len(list); k < n; k++ {
		h := list[k%len(list)]
		out.players[h] = append(out.players[h], len(p.Hosts))
		p.Hosts = append(p.Hosts, p.Hosts[h])
	}
}

// dropUnused removes hosts without pairs and returns the number of hosts that
// are left of the first so many.
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
	p.Hosts = kept
	for i := range p.Services {
		for j := range p.Services[i].Pairs {
			pair := &p.Services[i].Pairs[j]
			pair.Client, pair.Server = index[pair.Client], index[pair.Server]
		}
	}
	return left
}

// freshMACs gives the hosts from index first on MACs that no other has.
func (p *Plan) freshMACs(first int) {
	used := make(map[flow.MAC]bool, len(p.Hosts))
	for _, mac := range p.InUse.MACs {
		used[mac] = true
	}
	for _, h := range p.Hosts[:first] {
		used[h.MAC] = true
	}
	next := uint32(0)
	for i := first; i < len(p.Hosts); i++ {
		mac := localMAC(next)
		for next == 0 || used[mac] {
			next++
			mac = localMAC(next)
		}
		used[mac] = true
		p.Hosts[i].MAC = mac
	}
}
