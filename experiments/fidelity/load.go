package fidelity

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

const (
	rateBin   = int64(1e9) // 1 s
	haarBin   = int64(2e8) // 0.2 s
	maxLevel  = 10         // 0.2 s * 2^10 = 205 s; the next scale is beyond 256 s
	minDetail = 8          // coefficients that a level needs
)

// timeline is traffic as a whole, one flow after the other.
type timeline struct {
	flows []*flow.Flow // by start
	clock clock
	begin int64
	end   int64 // nanoseconds, of the last packet
	gaps  []float64
	load  [loadKinds]*Series // made when first asked for
}

// newTimeline sorts flows by their starts.
func newTimeline(flows []*flow.Flow, c clock) *timeline {
	t := &timeline{flows: slices.Clone(flows), clock: c}
	slices.SortStableFunc(t.flows, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	if len(t.flows) == 0 {
		return t
	}
	t.begin, t.end = t.flows[0].Start(), t.flows[0].Start()
	for _, f := range t.flows {
		t.end = max(t.end, f.Start()+int64(f.Duration()))
	}
	return t
}

// sample is the timeline's flows as what adversaries look at.
func (t *timeline) sample() *sample { return &sample{flows: t.flows, clock: t.clock} }

// between is log10 of the seconds from each flow's start to the next, sorted.
func (t *timeline) between() []float64 {
	if t.gaps == nil {
		for i := 1; i < len(t.flows); i++ {
			t.gaps = append(t.gaps, t.clock.logSeconds(t.flows[i].Start()-t.flows[i-1].Start()))
		}
		slices.Sort(t.gaps)
	}
	return t.gaps
}

// binsOf is the number of whole bins in a span, at least one.
func binsOf(span, bin int64) int64 { return max(1, span/bin) }

// series is the packets or bytes in bins of time from the first packet on. Each kind
// is summed once and kept.
func (t *timeline) series(kind loadKind) *Series {
	if s := t.load[kind]; s != nil {
		return s
	}
	s := new(Series)
	bin := kind.bin()
	for _, f := range t.flows {
		for i := range f.Packets {
			if at := (f.Packets[i].Time - t.begin) / bin; at >= 0 {
				s.Add(at, kind.weight(&f.Packets[i]))
			}
		}
	}
	s.tidy()
	t.load[kind] = s
	return s
}

// loadKind is what a series counts.
type loadKind int

const (
	bytesASecond loadKind = iota
	packetsASecond
	bytesABin // of haarBin
	loadKinds
)

// bin is the width of a bin in nanoseconds.
func (k loadKind) bin() int64 {
	if k == bytesABin {
		return haarBin
	}
	return rateBin
}

// weight is what a packet adds to its bin.
func (k loadKind) weight(p *flow.Packet) float64 {
	if k == packetsASecond {
		return 1
	}
	return float64(p.Length)
}

// loadMeasures are about the whole traffic over time. Both sides are cut to the
// shorter one's span.
func loadMeasures() []measure {
	list := slices.Concat(
		rate("bytes/s", "the bytes of each second", summed(bytesASecond)),
		rate("packets/s", "the packets of each second", summed(packetsASecond)),
		ofFlows(slices.Concat(
			rate("flows/s", "the flows that start in each second", (*timeline).starts),
			rate("open flows", "the flows that are under way in each second", (*timeline).open),
		)),
	)
	list = append(list,
		measure{
			Definition: Definition{"load", "Haar energy", Distance,
				"Mean absolute difference of log2 of the Haar wavelet energies of bytes per 0.2 s, over the scales from 0.4 s to 205 s that the span allows."},
			compute: haar,
		},
		measure{
			Definition: Definition{"load", "Hurst exponent", Distance,
				"Difference of the Hurst exponents of bytes per 0.2 s, estimated from the slope of the Haar energies (Abry and Veitch)."},
			compute: hurst,
		},
	)
	return needing(NoStarts, append(list, queueMeasures()...))
}

// summed is the distribution of a series over the seconds of a span.
func summed(kind loadKind) func(t *timeline, span int64) distribution {
	return func(t *timeline, span int64) distribution { return t.series(kind).distribution(binsOf(span, rateBin)) }
}

// starts is the distribution of the flows that start in each second of the span.
func (t *timeline) starts(span int64) distribution {
	var seconds Series
	for _, f := range t.flows {
		seconds.Add((f.Start()-t.begin)/rateBin, 1)
	}
	return seconds.distribution(binsOf(span, rateBin))
}

// open is the distribution of the flows that are under way in each second of the
// span.
func (t *timeline) open(span int64) distribution {
	var changes Series
	for _, f := range t.flows {
		changes.Add((f.Start()-t.begin)/rateBin, 1)
		changes.Add((f.Start()+int64(f.Duration())-t.begin)/rateBin+1, -1)
	}
	return changes.levels(binsOf(span, rateBin))
}

// sharedSpan is the shorter span of both sides, in nanoseconds.
func (c *comparison) sharedSpan() int64 {
	return min(c.whole.end-c.whole.begin, c.generated.end-c.generated.begin)
}

// rate makes the scores of something that is counted each second.
func rate(name, what string, series func(t *timeline, span int64) distribution) []measure {
	sides := func(c *comparison) (a, b distribution) {
		return series(c.whole, c.sharedSpan()), series(c.generated, c.sharedSpan())
	}
	list := numeric("load", name, what+", the whole captures cut to equal spans", nil)
	list[0].compute = func(c *comparison) result { return scaledWasserstein(sides(c)) }
	list[1].compute = func(c *comparison) result { return greatestGap(sides(c)) }
	return list
}

// haarSides are the bytes per 0.2 s of both sides, and the bins of the shared span.
func haarSides(c *comparison) (a, b *Series, n int64) {
	return c.whole.series(bytesABin), c.generated.series(bytesABin), binsOf(c.sharedSpan(), haarBin)
}

// haar compares the Haar wavelet energies of both sides.
func haar(c *comparison) result {
	a, b, n := haarSides(c)
	return energyDistance(a, b, n, haarBin)
}

// energyDistance is the mean absolute difference of log2 of the Haar energies of two
// series over n bins of that width.
func energyDistance(a, b *Series, n, bin int64) result {
	energyA, _ := HaarEnergies(a, n, maxLevel)
	energyB, _ := HaarEnergies(b, n, maxLevel)
	var sum float64
	levels := 0
	for i := range min(len(energyA), len(energyB)) {
		if energyA[i] > 0 && energyB[i] > 0 {
			sum += math.Abs(math.Log2(energyA[i]) - math.Log2(energyB[i]))
			levels++
		}
	}
	if levels == 0 {
		return missing("no scale with %d coefficients of some energy on both sides", minDetail)
	}
	return result{value: sum / float64(levels), real: int(n), synthetic: int(n),
		note: fmt.Sprintf("over %d scales from %.3g s", levels, 2*float64(bin)/1e9)}
}

// hurst compares the Hurst exponents of both sides.
func hurst(c *comparison) result {
	a, b, n := haarSides(c)
	hurstA, okA := hurstExponent(a, n)
	hurstB, okB := hurstExponent(b, n)
	if !okA || !okB {
		return missing("fewer than 3 scales of 0.2 s bins with energy in the shared span")
	}
	return result{value: math.Abs(hurstA - hurstB), real: int(n), synthetic: int(n),
		note: fmt.Sprintf("real %.3f, synthetic %.3f", hurstA, hurstB)}
}
