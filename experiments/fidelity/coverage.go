package fidelity

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// rarest is the share of the real flows that the rare types make up: the least frequent
// types of all that together have at most that many flows, and those that are as frequent
// as the last of them.
const rarest = 0.1

// coverageMeasures are about which kinds of flows there are on one side and not on the
// other: distances of distributions and classifiers hardly see a kind that is one flow in
// a hundred.
func coverageMeasures() []measure {
	return ofFlows(append([]measure{
		{
			Definition: Definition{"coverage", "type recall", Similarity, "Share of the real flows that have a synthetic flow of their type, the order of directions and flags: " + typeMeaning},
			compute: func(c *comparison) result {
				real, synthetic := c.types()
				return covered(real, synthetic, nil, "real")
			},
		},
		{
			Definition: Definition{"coverage", "type precision", Similarity, "Share of the synthetic flows that have a real flow of their type, the order of directions and flags: " + typeMeaning},
			compute: func(c *comparison) result {
				real, synthetic := c.types()
				r := covered(synthetic, real, nil, "synthetic")
				r.real, r.synthetic = r.synthetic, r.real
				return r
			},
		},
		{
			Definition: Definition{"coverage", "rare type recall", Similarity, "Share of the real flows of rare types that have a synthetic flow of their type; the rarest types are those that together make up a tenth of the real flows."},
			compute: func(c *comparison) result {
				real, synthetic := c.types()
				rare := rareTypes(real)
				if len(rare) == 0 {
					return notApplicable("no flow type is rarer than the others")
				}
				return covered(real, synthetic, rare, "rare real")
			},
		},
	}, profileMeasures()...))
}

// typeMeaning completes the definitions of the scores of types.
const typeMeaning = "packets in a row with the same direction and flags are one, TCP segments that only acknowledge are left out, and datagrams have the power of two of their payload for flags."

// types counts the flows of each type on both sides.
func (c *comparison) types() (real, synthetic map[string]int) {
	flags := c.cfg.Lacks&NoFlags == 0
	count := func(flows []*flow.Flow) map[string]int {
		counts := map[string]int{}
		for _, f := range flows {
			counts[flowType(f, flags)]++
		}
		return counts
	}
	return count(c.real.flows), count(c.synthetic.flows)
}

// flowType is the type of a flow as a map key: its protocol, and the runs of packets with
// the same direction and flags. TCP segments that only acknowledge are left out, because
// where one falls among the others is a matter of microseconds; with them the quickstart's
// 508 held-out flows have 246 types, without them 220. Datagrams, and TCP where flags are not known, have the
// class of the payload length by powers of two in place of flags: by directions alone all
// DNS would be one type.
func flowType(f *flow.Flow, flags bool) string {
	key := []byte{f.Tuple.Proto}
	flags = flags && f.Tuple.Proto == flow.TCP
	last := -1
	for i := range f.Packets {
		p := &f.Packets[i]
		if flags && p.Flags == flow.ACK && p.PayloadLength == 0 {
			continue
		}
		class := int(p.Direction&1) << 8
		if flags {
			class |= int(p.Flags)
		} else {
			class |= bits.Len32(uint32(max(0, p.PayloadLength)))
		}
		if class != last {
			key = binary.LittleEndian.AppendUint16(key, uint16(class))
			last = class
		}
	}
	return string(key)
}

// covered is the share of the flows of one side whose type the other side has. among,
// where it is not nil, are the types that count.
func covered(side, other map[string]int, among map[string]bool, name string) result {
	var found, all, types int
	for kind, n := range side {
		if among != nil && !among[kind] {
			continue
		}
		types++
		all += n
		if other[kind] > 0 {
			found += n
		}
	}
	r := compared(float64(found)/float64(all), all, flowsOf(other))
	if r.note == "" {
		r.interval = func() [2]float64 { return wilson(found, all) }
		r.note = fmt.Sprintf("%d types of %s flows", types, name)
	}
	return r
}

// flowsOf is the number of flows that are counted.
func flowsOf(types map[string]int) int {
	n := 0
	for _, flows := range types {
		n += flows
	}
	return n
}

// rareTypes are the rarest types that together make up a tenth of the flows, as rarest
// says. None is where all types are as frequent as each other.
func rareTypes(types map[string]int) map[string]bool {
	var counts []int
	for _, n := range types {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	most, sum := 0, 0 // flows of the most frequent rare type
	for _, n := range counts {
		if sum += n; most > 0 && float64(sum) > rarest*float64(flowsOf(types)) {
			break
		}
		most = n
	}
	rare := map[string]bool{}
	for kind, n := range types {
		if n <= most && n < counts[len(counts)-1] {
			rare[kind] = true
		}
	}
	return rare
}
