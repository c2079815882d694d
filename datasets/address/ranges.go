package address

import (
	"net/netip"

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
	overflow4   = netip.MustParsePrefix("198.19.0.0/16")
	overflow6   = netip.MustParsePrefix("2001:db8:ffff::/48")
)

// Bits of the prefixes that hosts of one network and of one site share.
const (
	network4, site4 = 24, 16
	network6, site6 = 64, 48
)

// ranges are the addresses that hosts are given. Prefixes of blocks4 are ordered
// by size, the largest first, so that what is aligned in the sequence of all
// their addresses is aligned in the prefix.
type ranges struct {
	networks4            []netip.Prefix // /24 each, used where they are enough for all networks
	blocks4              []netip.Prefix // used otherwise
	blocks6              []netip.Prefix // at most 64 bits each
	overflow4, overflow6 netip.Prefix
}

// documentedRanges returns those of the documentation and benchmarking RFCs.
func documentedRanges() ranges {
	return ranges{documented4, []netip.Prefix{benchmark4}, []netip.Prefix{documented6}, overflow4, overflow6}
}

// taken is what may not be given out.
type taken struct {
	hosts    map[netip.Addr]bool
	networks map[netip.Prefix]bool // /24 and /64
	macs     map[flow.MAC]bool
}

func newTaken() *taken {
	return &taken{hosts: make(map[netip.Addr]bool), networks: make(map[netip.Prefix]bool), macs: make(map[flow.MAC]bool)}
}

// taken returns what the training flows hold of the values that are given out.
func (u *InUse) taken() *taken {
	t := newTaken()
	for _, n := range u.Networks {
		t.networks[n] = true
	}
	for _, m := range u.MACs {
		t.macs[m] = true
	}
	return t
}

// has reports whether an address is taken.
func (t *taken) has(a netip.Addr) bool { return t.hosts[a] || t.networks[networkOf(a)] }

// overlaps reports whether anything of p is taken.
func (t *taken) overlaps(p netip.Prefix) bool {
	for a := range t.hosts {
		if p.Contains(a) {
			return true
		}
	}
	for n := range t.networks {
		if p.Overlaps(n) {
			return true
		}
	}
	return false
}

// networkOf returns the network of an address: its /24 or /64.
func networkOf(a netip.Addr) netip.Prefix {
	size := network4
	if a.Is6() {
		size = network6
	}
	return netip.PrefixFrom(a, size).Masked()
}

// free returns the largest part of p, down to 1/256 of it, that holds no taken
// address; where every part does, it returns p.
func (t *taken) free(p netip.Prefix) netip.Prefix {
	for extra := 0; extra <= 8; extra++ {
		size := p.Bits() + extra
		for i := range 1 << extra {
			candidate := subPrefix(p, size, i)
			if !t.overlaps(candidate) {
				return candidate
			}
		}
	}
	return p
}

// subPrefix returns the i-th prefix of size bits within p.
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

// nthAddress returns the n-th host address of p, counted from 1 and wrapped around.
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

// localMAC returns the n-th locally administered unicast address of the program.
func localMAC(n uint32) flow.MAC {
	return flow.MAC{0x02, 0x6e, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// isLocalMAC reports whether a MAC is one that the program gives out.
func isLocalMAC(m flow.MAC) bool { return m[0] == 0x02 && m[1] == 0x6e }
