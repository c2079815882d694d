package address

import (
	"cmp"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// ipv4Counts is what flows show of how a host fills the headers of IPv4 packets of one
// transport protocol.
type ipv4Counts struct {
	cut, whole int64      // packets without and with Don't Fragment
	samples    []ipv4Mark // in the order of flows, and of time within each
	flows      int        // seen
}

// ipv4Mark is the number of one packet.
type ipv4Mark struct {
	time int64
	flow int
	id   uint16
}

// add notes a packet of the flow that is being counted.
func (c *ipv4Counts) add(p *flow.Packet) {
	if p.DontFragment {
		c.whole++
	} else {
		c.cut++
	}
	if len(c.samples) < maxSamples {
		c.samples = append(c.samples, ipv4Mark{p.Time, c.flows, p.ID})
	}
}

// What says how packets are numbered.
const (
	mostlyZero  = 0.9  // proportion of packets with number 0 of a host that does not number them
	mostlyCount = 0.5  // proportion of numbers a little above the one before, of a counter
	nearNumber  = 1024 // how far above a number the next one is of the same counter; in between come packets of held-out flows
)

// ipv4 returns what the host does; usual is what a host does of which too little is seen.
func (c *ipv4Counts) ipv4(usual IPv4) IPv4 {
	if len(c.samples) < leastSamples {
		return usual
	}
	out := IPv4{Fragments: c.cut > c.whole}
	numbered := slices.DeleteFunc(slices.Clone(c.samples), func(m ipv4Mark) bool { return m.id == 0 })
	if len(numbered) == 0 && c.whole == 0 { // no valid packet (RFC 6864, 4.1): a table without these columns
		return usual
	}
	if len(numbered) < leastSamples/2 || float64(len(numbered)) <= (1-mostlyZero)*float64(len(c.samples)) {
		out.Numbering = Unnumbered
		return out
	}
	sameFlow, known := counting(numbered, true)
	slices.SortStableFunc(numbered, func(a, b ipv4Mark) int { return cmp.Compare(a.time, b.time) })
	otherFlow, several := counting(numbered, false)
	switch {
	case several && otherFlow >= mostlyCount || !several && usual.Numbering == ByHost && sameFlow >= mostlyCount:
		out.Numbering = ByHost
	case known && sameFlow < mostlyCount:
		out.Numbering = AtRandom
	}
	return out
}

// counting returns the proportion of packets whose number is a little above that of the
// packet before, among neighbours of the same flow or of different ones; false where there
// are too few.
func counting(marks []ipv4Mark, sameFlow bool) (proportion float64, enough bool) {
	near, all := 0, 0
	for i := 1; i < len(marks); i++ {
		if sameFlow != (marks[i].flow == marks[i-1].flow) {
			continue
		}
		all++
		if step := marks[i].id - marks[i-1].id; step > 0 && step <= nearNumber {
			near++
		}
	}
	return float64(near) / float64(max(1, all)), all >= leastSamples/2
}
