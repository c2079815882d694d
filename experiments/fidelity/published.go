package fidelity

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// publishedMeasures are scores that other papers report, as they define them, so
// that their figures can be set beside ours.
//
// NetShare: Yin et al., Practical GAN-based synthetic IP header trace generation
// using NetShare, SIGCOMM 2022, section 6.2. NeCSTGen: "percentage of
// correspondence" of the analysis notebook; it does not see a change of scale,
// and any two sorted positive samples score high.
func publishedMeasures() []measure {
	panels := needing(NoAddresses, []measure{
		panel("SA", "source addresses by rank of their packets", rankedAddresses(false)),
		panel("DA", "destination addresses by rank of their packets", rankedAddresses(true)),
		panel("SP", "source ports", ports(false)),
		panel("DP", "destination ports", ports(true)),
		panel("PR", "IP protocols", func(s *sample) map[int]float64 { return s.protocol }),
	})
	return slices.Concat(panels,
		[]measure{earthMover("PS", "frame lengths in bytes", func(s *sample) []float64 { return s.length })},
		needing(NoStarts, []measure{earthMover("PAT", "packet times in milliseconds since the first", arrivals)}),
		ofFlows([]measure{earthMover("FS", "packets of a flow", flowSizes)}),
		[]measure{cosine("gap", "gaps inside flows in seconds", (*timeline).gapSeconds)},
		needing(NoStarts, []measure{cosine("packets/s", "packets of each second", func(t *timeline) ([]float64, int64) {
			n := binsOf(t.end-t.begin, rateBin)
			var seconds []float64
			for _, p := range t.series(packetsASecond).upTo(n) {
				seconds = append(seconds, p.value)
			}
			return seconds, n
		})}),
	)
}

// panel makes a score of a table of counts, as NetShare's figures have them. Its
// evaluation squares SciPy's jensenshannon with the natural logarithm: nats, where our own
// scores are in bits.
func panel(name, what string, counts func(s *sample) map[int]float64) measure {
	nats := func(p, q map[int]float64) float64 { return math.Ln2 * jensenShannon(p, q) }
	return measure{
		Definition: Definition{"published", "NetShare JSD nats " + name, Distance,
			"Jensen-Shannon divergence, in nats from 0 to 0.693, of the " + what + ", as NetShare reports it."},
		compute: func(c *comparison) result { return tables(nats, counts(c.real), counts(c.synthetic)) },
	}
}

// earthMover makes a score by the earth mover's distance.
func earthMover(name, what string, values func(s *sample) []float64) measure {
	return measure{
		Definition: Definition{"published", "NetShare EMD " + name, Distance, "Earth mover's distance of the " + what + ", in that unit, as NetShare reports it."},
		compute: func(c *comparison) result {
			a, b := values(c.real), values(c.synthetic)
			return compared(wasserstein(each(a), each(b)), len(a), len(b))
		},
	}
}

// ends calls yield with the sender's and the receiver's end of each packet.
func ends(s *sample, yield func(src, dst netip.AddrPort)) {
	for _, f := range s.flows {
		for i := range f.Packets {
			if f.Packets[i].Direction == flow.Forward {
				yield(f.Tuple.Src, f.Tuple.Dst)
			} else {
				yield(f.Tuple.Dst, f.Tuple.Src)
			}
		}
	}
}

// rankedAddresses counts packets by the rank of their address: rank 0 has most.
func rankedAddresses(destination bool) func(s *sample) map[int]float64 {
	return func(s *sample) map[int]float64 {
		count := map[netip.Addr]float64{}
		ends(s, func(src, dst netip.AddrPort) {
			if destination {
				src = dst
			}
			if src.IsValid() {
				count[src.Addr()]++
			}
		})
		var list []float64
		for _, n := range count {
			list = append(list, n)
		}
		slices.Sort(list)
		slices.Reverse(list)
		ranked := map[int]float64{}
		for rank, n := range list {
			ranked[rank] = n
		}
		return ranked
	}
}

// ports counts packets by the port of their sender or receiver.
func ports(destination bool) func(s *sample) map[int]float64 {
	return func(s *sample) map[int]float64 {
		count := map[int]float64{}
		ends(s, func(src, dst netip.AddrPort) {
			if destination {
				src = dst
			}
			if src.Port() != 0 {
				count[int(src.Port())]++
			}
		})
		return count
	}
}

// arrivals are the packets' times in milliseconds since the first, sorted.
func arrivals(s *sample) []float64 {
	first := int64(math.MaxInt64)
	for _, f := range s.flows {
		first = min(first, f.Start())
	}
	times := make([]float64, 0, len(s.length))
	for _, f := range s.flows {
		for i := range f.Packets {
			times = append(times, float64(f.Packets[i].Time-first)/1e6)
		}
	}
	slices.Sort(times)
	return times
}

// flowSizes are the packets of each flow, sorted.
func flowSizes(s *sample) []float64 {
	sizes := make([]float64, len(s.flows))
	for i, f := range s.flows {
		sizes[i] = float64(len(f.Packets))
	}
	slices.Sort(sizes)
	return sizes
}

// gapSeconds are the gaps inside flows, and how many there are.
func (t *timeline) gapSeconds() (gaps []float64, n int64) {
	for _, f := range t.flows {
		for i := 1; i < len(f.Packets); i++ {
			gaps = append(gaps, float64(gapBefore(f, i))/1e9)
		}
	}
	return gaps, int64(len(gaps))
}

// cosine is a score of samples of n values, of which zeros may be left out.
func cosine(name, what string, values func(t *timeline) (kept []float64, n int64)) measure {
	full := "NeCSTGen cosine " + name
	return measure{
		Definition: Definition{"published", full, Similarity,
			"Cosine of the sorted samples of the " + what + ", as NeCSTGen reports it; blind to scale."},
		all: true,
		compute: func(c *comparison) result {
			a, sizeA := values(c.whole)
			b, sizeB := values(c.generated)
			n := min(sizeA, sizeB)
			rng := rand.New(c.source(full))
			return cosineResult(cosineOf(subset(a, sizeA, n, rng), subset(b, sizeB, n, rng)), int(sizeA), int(sizeB))
		},
	}
}

// cosineResult is a cosine as a result.
func cosineResult(value float64, real, synthetic int) result {
	r := compared(value, real, synthetic)
	if math.IsNaN(value) && min(real, synthetic) > 0 {
		r.note = "all values of one side are 0, which have no direction"
	}
	return r
}

// subset draws n of size values at random, of which the given ones are not zero,
// and returns what it drew of these. Each given value gets a place of its own in a
// shuffle of all, of which only the places that were touched are held.
func subset(values []float64, size, n int64, rng *rand.Rand) []float64 {
	if n == size {
		return slices.Clone(values)
	}
	var drawn []float64
	moved := make(map[int64]int64, len(values)) // what stands at a place, if not its own number
	at := func(place int64) int64 {
		if number, ok := moved[place]; ok {
			return number
		}
		return place
	}
	for i, v := range values {
		j := int64(i) + rng.Int64N(size-int64(i))
		place := at(j)
		moved[j] = at(int64(i))
		if place < n {
			drawn = append(drawn, v)
		}
	}
	return drawn
}

// cosineOf sorts two samples in place and returns the cosine of the angle between
// them. Both have the same number of values; zeros, the least, may be left out.
// It is NaN where one is all zero.
func cosineOf(a, b []float64) float64 {
	slices.Sort(a)
	slices.Sort(b)
	var ab, aa, bb float64
	for i := range min(len(a), len(b)) {
		ab += a[len(a)-1-i] * b[len(b)-1-i]
	}
	for _, v := range a {
		aa += v * v
	}
	for _, v := range b {
		bb += v * v
	}
	return ab / math.Sqrt(aa*bb)
}
