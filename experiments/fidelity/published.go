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
	list := []measure{
		panel("SA", "source addresses by rank of their packets", rankedAddresses(false)),
		panel("DA", "destination addresses by rank of their packets", rankedAddresses(true)),
		panel("SP", "source ports", ports(false)),
		panel("DP", "destination ports", ports(true)),
		panel("PR", "IP protocols", func(s *sample) map[int]float64 { return s.protocol }),
		earthMover("PS", "frame lengths in bytes", func(s *sample) []float64 { return s.length }),
		earthMover("PAT", "packet times in milliseconds since the first", arrivals),
		earthMover("FS", "packets of a flow", flowSizes),
	}
	list[len(list)-1].flows = true
	return append(list,
		cosine("gap", "gaps inside flows in seconds", func(t *timeline) []float64 { return t.gapSeconds() }),
		cosine("packets/s", "packets of each second", func(t *timeline) []float64 {
			return t.series(rateBin, t.end-t.begin, onePacket)
		}),
	)
}

func panel(name, what string, counts func(s *sample) map[int]float64) measure {
	return measure{
		Definition: Definition{"published", "NetShare JSD " + name, Distance, "Jensen-Shannon distance (base 2) of the " + what + ", as NetShare reports it."},
		compute:    func(c *comparison) result { return tables(JensenShannon, counts(c.real), counts(c.synthetic)) },
	}
}

func earthMover(name, what string, values func(s *sample) []float64) measure {
	return measure{
		Definition: Definition{"published", "NetShare EMD " + name, Distance, "Earth mover's distance of the " + what + ", in that unit, as NetShare reports it."},
		compute: func(c *comparison) result {
			a, b := values(c.real), values(c.synthetic)
			return compared(Wasserstein(a, b), len(a), len(b))
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

func flowSizes(s *sample) []float64 {
	sizes := make([]float64, len(s.flows))
	for i, f := range s.flows {
		sizes[i] = float64(len(f.Packets))
	}
	slices.Sort(sizes)
	return sizes
}

func (t *timeline) gapSeconds() []float64 {
	var gaps []float64
	for _, f := range t.flows {
		for i := 1; i < len(f.Packets); i++ {
			gaps = append(gaps, float64(gapBefore(f, i))/1e9)
		}
	}
	return gaps
}

func cosine(name, what string, values func(t *timeline) []float64) measure {
	full := "NeCSTGen cosine " + name
	return measure{
		Definition: Definition{"published", full, Similarity,
			"Cosine of the sorted samples of the " + what + ", as NeCSTGen reports it; blind to scale."},
		all: true,
		compute: func(c *comparison) result {
			a, b := values(c.whole), values(c.generated)
			n := min(len(a), len(b))
			src := c.source(full)
			return compared(Cosine(subset(a, n, src), subset(b, n, src)), len(a), len(b))
		},
	}
}

func subset(x []float64, n int, src rand.Source) []float64 {
	drawn := slices.Clone(x)
	rand.New(src).Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return drawn[:n]
}

// Cosine sorts two samples of one length in place and returns the cosine of the
// angle between them. It is NaN where one is all zero.
func Cosine(a, b []float64) float64 {
	slices.Sort(a)
	slices.Sort(b)
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}
