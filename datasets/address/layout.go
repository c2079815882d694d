package address

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// member is a host of a group that needs an address.
type member struct {
	address netip.Addr // that it has: members that share a network will still do
	flows   int64
	index   int // of its new address
}

// network is the hosts that share a /24 (IPv4) or /64 (IPv6).
type network struct {
	hosts []member
	flows int64
}

// site is the networks that share a /16 (IPv4) or /48 (IPv6).
type site struct {
	networks []network
	flows    int64
}

// assign gives the members of each group addresses of the ranges, the busiest
// first. What was a network or a site within a group stays one, and groups share
// none. Where IPv4 has no room for that, addresses follow one another; behind the
// last one the first is given out again, and assign reports false.
func (r *ranges) assign(addresses []netip.Addr, taken *taken, groups ...[]member) bool {
	var sites4, sites6 []site
	for _, members := range groups {
		four, six := groupSites(members)
		sites4, sites6 = append(sites4, four...), append(sites6, six...)
	}
	fits := r.assign4(addresses, sites4, taken)
	r.assign6(addresses, sites6, taken)
	return fits
}

// groupSites sorts members into sites and networks of both families. Each level is
// ordered by flows, the busiest first, with ties in the order of the addresses.
func groupSites(members []member) (sites4, sites6 []site) {
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b member) int { return a.address.Compare(b.address) })
	var lastSite, lastNetwork netip.Prefix
	for _, h := range sorted {
		sites, siteBits := &sites4, site4
		if h.address.Is6() {
			sites, siteBits = &sites6, site6
		}
		sitePrefix, _ := h.address.Prefix(siteBits)
		networkPrefix := networkOf(h.address)
		if sitePrefix != lastSite || len(*sites) == 0 {
			*sites = append(*sites, site{})
			lastSite, lastNetwork = sitePrefix, netip.Prefix{}
		}
		s := &(*sites)[len(*sites)-1]
		if networkPrefix != lastNetwork {
			s.networks = append(s.networks, network{})
			lastNetwork = networkPrefix
		}
		n := &s.networks[len(s.networks)-1]
		n.hosts = append(n.hosts, h)
		n.flows += h.flows
		s.flows += h.flows
	}
	for _, sites := range [][]site{sites4, sites6} {
		slices.SortStableFunc(sites, func(a, b site) int { return cmp.Compare(b.flows, a.flows) })
		for _, s := range sites {
			slices.SortStableFunc(s.networks, func(a, b network) int { return cmp.Compare(b.flows, a.flows) })
			for _, n := range s.networks {
				slices.SortStableFunc(n.hosts, func(a, b member) int { return cmp.Compare(b.flows, a.flows) })
			}
		}
	}
	return sites4, sites6
}

// layout is how IPv4 networks are laid out in the blocks.
type layout uint8

const (
	alignedSites  layout = iota // whole /24 networks, as many for a site as a power of two
	wholeNetworks               // whole /24 networks one behind the other
	tightNetworks               // networks as small as their hosts allow
	oneByOne                    // hosts one behind the other
	layoutCount
)

// assign4 uses one documentation network per network where they are enough, and
// the blocks otherwise, in the first layout that fits.
func (r *ranges) assign4(addresses []netip.Addr, sites []site, taken *taken) bool {
	if len(sites) == 0 || r.assignNetworks(addresses, sites, taken) {
		return true
	}
	for l := range layoutCount {
		if r.place(addresses, sites, l, taken) {
			return true
		}
	}
	return false
}

// assignNetworks gives each network one of networks4, and reports whether there
// are enough.
func (r *ranges) assignNetworks(addresses []netip.Addr, sites []site, taken *taken) bool {
	next := 0
	for _, s := range sites {
		for _, n := range s.networks {
			for ; ; next++ {
				if next == len(r.networks4) {
					return false
				}
				if p := r.networks4[next]; r.number(addresses, n, p, taken) {
					next++
					break
				}
			}
		}
	}
	return true
}

// number gives the hosts of one network the numbers from 1 on, leaving out
// network, broadcast and taken addresses, and reports whether there are enough.
func (r *ranges) number(addresses []netip.Addr, n network, within netip.Prefix, taken *taken) bool {
	base := addressUint32(within.Addr())
	next, last := uint32(0), uint32(1)<<(32-within.Bits())-2
	for _, h := range n.hosts {
		for {
			if next++; next > last {
				return false
			}
			if !taken.has(uint32Address(base + next)) {
				break
			}
		}
		addresses[h.index] = uint32Address(base + next)
	}
	return true
}

// place lays the networks out in the blocks, and reports whether they fit.
func (r *ranges) place(addresses []netip.Addr, sites []site, l layout, taken *taken) bool {
	if l == oneByOne {
		return r.placeHosts(addresses, sites, taken)
	}
	at := uint64(0)
	for _, s := range sites {
		if l == alignedSites {
			at = roundUp(at, ceilPower(len(s.networks))<<8)
		}
		for _, n := range s.networks {
			hostBits := 32 - network4
			if l == tightNetworks {
				hostBits = max(2, bits.Len(uint(len(n.hosts)+1)))
			}
			for placed := false; !placed; at += 1 << hostBits {
				at = roundUp(at, 1<<hostBits)
				within, ok := r.block(at, hostBits)
				if !ok {
					return false
				}
				placed = r.number(addresses, n, within, taken)
			}
		}
	}
	return true
}

// block returns the prefix with so many host bits at an offset into all blocks.
func (r *ranges) block(at uint64, hostBits int) (netip.Prefix, bool) {
	for _, p := range r.blocks4 {
		size := uint64(1) << (32 - p.Bits())
		if at < size {
			if at+1<<hostBits > size {
				return netip.Prefix{}, false
			}
			return netip.PrefixFrom(uint32Address(addressUint32(p.Addr())+uint32(at)), 32-hostBits), true
		}
		at -= size
	}
	return netip.Prefix{}, false
}

// placeHosts gives hosts the addresses of the blocks in turn, and reports whether
// there are enough.
func (r *ranges) placeHosts(addresses []netip.Addr, sites []site, taken *taken) bool {
	var free []netip.Addr
	for _, p := range r.blocks4 {
		base := addressUint32(p.Addr())
		for n := uint32(1); n < 1<<(32-p.Bits())-1 && len(free) < len(addresses); n++ {
			if a := uint32Address(base + n); !taken.has(a) {
				free = append(free, a)
			}
		}
	}
	next := 0
	for _, s := range sites {
		for _, n := range s.networks {
			for _, h := range n.hosts {
				if len(free) > 0 {
					addresses[h.index] = free[next%len(free)]
				}
				next++
			}
		}
	}
	return next <= len(free)
}

func ceilPower(n int) uint64 { return 1 << bits.Len(uint(n-1)) }

func roundUp(n, unit uint64) uint64 { return (n + unit - 1) / unit * unit }

// assign6 gives addresses of the form PREFIX:SITE:NETWORK::HOST where the prefix
// has room for sites, and lays networks one behind the other where it has not.
func (r *ranges) assign6(addresses []netip.Addr, sites []site, taken *taken) {
	at := uint64(0)
	used := make(map[netip.Prefix]uint64) // host numbers given in a network
	spaced := r.blocks6[0].Bits() <= site6-16
	for _, s := range sites {
		for _, n := range s.networks {
			within := r.network6(at)
			for tries := 0; tries < 1<<16 && (taken.networks[within] || r.overflow6.Overlaps(within) && within.Bits() > r.overflow6.Bits()); tries++ {
				at++
				within = r.network6(at)
			}
			at++
			raw := within.Addr().As16()
			for _, h := range n.hosts {
				address := within.Addr()
				for address == within.Addr() || taken.hosts[address] {
					used[within]++
					binary.BigEndian.PutUint64(raw[8:], used[within])
					address = netip.AddrFrom16(raw)
				}
				addresses[h.index] = address
			}
		}
		if spaced {
			at = roundUp(at, 1<<(network6-site6))
		}
	}
}

// network6 returns the n-th /64 of the blocks; behind the last the first follows.
func (r *ranges) network6(n uint64) netip.Prefix {
	total := uint64(0)
	for _, p := range r.blocks6 {
		total += networks6(p)
	}
	n %= total
	for _, p := range r.blocks6 {
		if size := networks6(p); n >= size {
			n -= size
			continue
		}
		raw := p.Addr().As16()
		binary.BigEndian.PutUint64(raw[:], binary.BigEndian.Uint64(raw[:])+n)
		return netip.PrefixFrom(netip.AddrFrom16(raw), network6)
	}
	return r.blocks6[0]
}

// networks6 returns how many /64 a prefix has, at most 2^32.
func networks6(p netip.Prefix) uint64 { return 1 << min(32, network6-p.Bits()) }
