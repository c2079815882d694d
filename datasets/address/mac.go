package address

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// vendorPrefixes are the first three bytes of MACs that say who has made an interface, or
// which software has given it its MAC, and no more than that: those that are assigned to
// vendors (IEEE 802, 8.2.2), and locally administered ones that several hosts have. A
// locally administered prefix of one host may be drawn, as that of phones is, and would name
// it.
type vendorPrefixes map[[3]byte]bool

// localBit marks a MAC that is locally administered, groupBit one of a group.
const (
	groupBit = 1
	localBit = 2
)

// vendorPrefixes returns those of the plan's hosts.
func (p *Plan) vendorPrefixes() vendorPrefixes {
	macs, counts := make(map[flow.MAC]bool), make(map[[3]byte]int)
	for _, h := range p.Hosts {
		if !macs[h.MAC] {
			macs[h.MAC] = true
			counts[[3]byte(h.MAC[:3])]++
		}
	}
	prefixes := make(vendorPrefixes)
	for prefix, n := range counts {
		if prefix != [3]byte{} && prefix[0]&groupBit == 0 && (n > 1 || prefix[0]&localBit == 0) {
			prefixes[prefix] = true
		}
	}
	return prefixes
}

// mac returns the n-th MAC, with the prefix of another one if that is a vendor's, else a
// locally administered one that looks drawn. No two numbers give the same MAC of one prefix.
func (v vendorPrefixes) mac(like flow.MAC, n uint32) flow.MAC {
	const suffixes = 1 << 24
	first := scatter(n%suffixes, suffixes, 0x6d6163)
	if prefix := [3]byte(like[:3]); v[prefix] {
		first = uint32(prefix[0])<<16 | uint32(prefix[1])<<8 | uint32(prefix[2])
	} else {
		first = first&^(groupBit<<16) | localBit<<16
	}
	last := scatter(n%suffixes, suffixes, 0x6e65)
	return flow.MAC{byte(first >> 16), byte(first >> 8), byte(first), byte(last >> 16), byte(last >> 8), byte(last)}
}
