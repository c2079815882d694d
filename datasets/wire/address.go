package wire

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Ranges that belong to nobody: documentation (RFC 5737, RFC 3849) and
// benchmarking (RFC 2544). The upper half of the benchmarking range and
// 2001:db8:ffff::/48 are kept for hosts beyond the plan.
var (
	documented4 = []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	}
	benchmark4  = netip.MustParsePrefix("198.18.0.0/16")
	documented6 = netip.MustParsePrefix("2001:db8::/32")
	spare4      = netip.MustParsePrefix("198.19.0.0/16")
	spare6      = netip.MustParsePrefix("2001:db8:ffff::/48")
)

// seenHost is a host of the training flows while the plan is fitted.
type seenHost struct {
	address netip.Addr
	flows   int64
}

// network is the hosts that share a /24 (IPv4) or /64 (IPv6).
type network struct {
	hosts []seenHost
	flows int64
}

// site is the networks that share a /16 (IPv4) or /48 (IPv6).
type site struct {
	networks []network
	flows    int64
}

// assignAddresses gives every host a documented address, so that hosts that
// shared a network or a site still do and busy ones come first. An address that
// the training flows hold is never given out.
func assignAddresses(hosts []seenHost) map[netip.Addr]netip.Addr {
	taken := make(map[netip.Addr]bool, len(hosts))
	for _, h := range hosts {
		taken[h.address] = true
	}
	assigned := make(map[netip.Addr]netip.Addr, len(hosts))
	sites4, sites6 := groupSites(hosts)
	assign4(assigned, sites4, taken)
	assign6(assigned, sites6, taken)
	return assigned
}

// groupSites builds both families' trees, each level ordered by flows, busiest
// first, with ties in the order of the addresses.
func groupSites(hosts []seenHost) (sites4, sites6 []site) {
	sorted := slices.Clone(hosts)
	slices.SortFunc(sorted, func(a, b seenHost) int { return a.address.Compare(b.address) })
	var lastSite, lastNetwork netip.Prefix
	for _, h := range sorted {
		sites, siteBits, networkBits := &sites4, 16, 24
		if h.address.Is6() {
			sites, siteBits, networkBits = &sites6, 48, 64
		}
		sitePrefix, _ := h.address.Prefix(siteBits)
		networkPrefix, _ := h.address.Prefix(networkBits)
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
				slices.SortStableFunc(n.hosts, func(a, b seenHost) int { return cmp.Compare(b.flows, a.flows) })
			}
		}
	}
	return sites4, sites6
}

// assign4 uses one documentation network per network where three are enough,
// and the benchmarking range otherwise: whole /24 networks with aligned sites if
// they fit, tightly packed ones if they do not.
func assign4(assigned map[netip.Addr]netip.Addr, sites []site, taken map[netip.Addr]bool) {
	var networks []network
	for _, s := range sites {
		networks = append(networks, s.networks...)
	}
	if len(networks) <= len(documented4) {
		for i, n := range networks {
			number(assigned, n, addressUint32(documented4[i].Addr()), 8, taken)
		}
		return
	}
	base, room := addressUint32(benchmark4.Addr()), uint32(1)<<(32-benchmark4.Bits())
	aligned := uint32(0)
	for _, s := range sites {
		aligned += ceilPower(len(s.networks)) << 8
	}
	at := uint32(0)
	for _, s := range sites {
		begin := at
		for _, n := range s.networks {
			hostBits := 8
			if aligned > room {
				hostBits = max(2, bits.Len(uint(len(n.hosts)+1)))
			}
			number(assigned, n, base+at%room, hostBits, taken)
			at += 1 << hostBits
		}
		if aligned <= room {
			at = begin + ceilPower(len(s.networks))<<8
		}
	}
}

func ceilPower(n int) uint32 { return 1 << bits.Len(uint(n-1)) }

// number gives the hosts of one network the numbers from 1 on, leaving out
// network, broadcast and taken addresses; when they run out, hosts share the last.
func number(assigned map[netip.Addr]netip.Addr, n network, base uint32, hostBits int, taken map[netip.Addr]bool) {
	next, last := uint32(0), uint32(1)<<hostBits-2
	for _, h := range n.hosts {
		for next < last {
			next++
			if !taken[uint32Address(base+next)] {
				break
			}
		}
		assigned[h.address] = uint32Address(base + next)
	}
}

// assign6 is 2001:db8:SITE:NETWORK::HOST.
func assign6(assigned map[netip.Addr]netip.Addr, sites []site, taken map[netip.Addr]bool) {
	for i, s := range sites {
		for j, n := range s.networks {
			bytes := documented6.Addr().As16()
			siteNumber := i % 0xffff // ffff is the spare site
			bytes[4], bytes[5] = byte(siteNumber>>8), byte(siteNumber)
			bytes[6], bytes[7] = byte(j>>8), byte(j)
			address := netip.AddrFrom16(bytes)
			for _, h := range n.hosts {
				address = address.Next()
				for taken[address] {
					address = address.Next()
				}
				assigned[h.address] = address
			}
		}
	}
}

// freePrefix is the largest part of p, down to 1/256 of it, that holds no taken address.
func freePrefix(p netip.Prefix, taken func(netip.Prefix) bool) netip.Prefix {
	for extra := 0; extra <= 8; extra++ {
		size := p.Bits() + extra
		for i := range 1 << extra {
			candidate := subPrefix(p, size, i)
			if !taken(candidate) {
				return candidate
			}
		}
	}
	return p
}

// subPrefix is the i-th prefix of size bits within p.
func subPrefix(p netip.Prefix, size, i int) netip.Prefix {
	raw := p.Addr().AsSlice()
	for bit := range size - p.Bits() {
		if i>>bit&1 == 1 {
			position := size - 1 - bit
			raw[position/8] |= 0x80 >> (position % 8)
		}
	}
	address, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(address, size)
}

// nthAddress is the n-th host address of p, counted from 1 and wrapped around.
func nthAddress(p netip.Prefix, n uint32) netip.Addr {
	if p.Addr().Is4() {
		hosts := uint32(1)<<(32-p.Bits()) - 2
		return uint32Address(addressUint32(p.Addr()) + 1 + (n-1)%hosts)
	}
	raw := p.Addr().As16()
	raw[12] |= byte(n >> 24)
	raw[13] |= byte(n >> 16)
	raw[14] |= byte(n >> 8)
	raw[15] |= byte(n)
	return netip.AddrFrom16(raw)
}

func addressUint32(a netip.Addr) uint32 {
	raw := a.As4()
	return uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
}

func uint32Address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// localMAC is the n-th locally administered unicast address of the program.
func localMAC(n uint32) flow.MAC {
	return flow.MAC{0x02, 0x6e, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}
