package fidelity

import (
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
	maxBins   = 1 << 22    // of a series: ten days of 0.2 s
)

// timeline is traffic as a whole, one flow after the other.
type timeline struct {
	flows []*flow.Flow // by start
	clock clock
	begin int64
	end   int64 // nanoseconds, of the last packet
	gaps  []float64
}

func newTimeline(flows []*flow.Flow, c clock) *timeline {
	t := &timeline{flows: slices.Clone(flows), clock: c}
	slices.SortStableFunc(t.flows, func(a, b *flow.Flow) int {
		switch {
		case a.Start() < b.Start():
			return -1
		case a.Start() > b.Start():
			return 1
		}
		return 0
	})
	if len(t.flows) == 0 {
		return t
	}
	t.begin, t.end = t.flows[0].Start(), t.flows[0].Start()
	for _, f := range t.flows {
		t.end = max(t.end, f.Start()+int64(f.Duration()))
	}
	return t
}

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

// series sums what each packet weighs in the bins of the first span nanoseconds.
func (t *timeline) series(bin, span int64, weight func(p *flow.Packet) float64) []float64 {
	bins := make([]float64, max(1, min(maxBins, span/bin)))
	for _, f := range t.flows {
		for i := range f.Packets {
			if at := (f.Packets[i].Time - t.begin) / bin; at >= 0 && at < int64(len(bins)) {
				bins[at] += weight(&f.Packets[i])
			}
		}
	}
	return bins
}

func frameBytes(p *flow.Packet) float64 { return float64(p.Length) }

func onePacket(*flow.Packet) float64 { return 1 }

// loadMeasures are about the whole traffic over time. Both sides are cut to the
// shorter one's span.
func loadMeasures() []measure {
	list := slices.Concat(
		rate("bytes/s", "the bytes of each second", weighing(frameBytes)),
		rate("packets/s", "the packets of each second", weighing(onePacket)),
		ofFlows(slices.Concat(
			rate("flows/s", "the flows that start in each second", (*timeline).starts),
			rate("open flows", "the flows that are under way in each second", (*timeline).open),
		)),
	)
	return append(list,
		measure{
			Definition: Definition{"load", "Haar energy", Distance,
				"Mean absolute difference of log2 of the Haar wavelet energies of bytes per 0.2 s, over the scales from 0.4 s to 205 s that the span allows."},
			compute: func(c *comparison) result { return haar(c) },
		},
		measure{
			Definition: Definition{"load", "Hurst exponent", Distance,
				"Difference of the Hurst exponents of bytes per 0.2 s, estimated from the slope of the Haar energies (Abry and Veitch)."},
			compute: func(c *comparison) result { return hurst(c) },
		},
	)
}

// weighing is the series of what each packet weighs, by the second.
func weighing(weight func(p *flow.Packet) float64) func(t *timeline, span int64) []float64 {
	return func(t *timeline, span int64) []float64 { return t.series(rateBin, span, weight) }
}

// starts counts the flows that start in each second of the span.
func (t *timeline) starts(span int64) []float64 {
	seconds := make([]float64, max(1, min(maxBins, span/rateBin)))
	for _, f := range t.flows {
		if at := (f.Start() - t.begin) / rateBin; at < int64(len(seconds)) {
			seconds[at]++
		}
	}
	return seconds
}

// open counts the flows that are under way in each second of the span.
func (t *timeline) open(span int64) []float64 {
	seconds := make([]float64, max(1, min(maxBins, span/rateBin)))
	for _, f := range t.flows {
		from := (f.Start() - t.begin) / rateBin
		to := (f.Start() + int64(f.Duration()) - t.begin) / rateBin
		if from < int64(len(seconds)) {
			seconds[from]++
		}
		if to+1 < int64(len(seconds)) {
			seconds[to+1]--
		}
	}
	for i := 1; i < len(seconds); i++ {
		seconds[i] += seconds[i-1]
	}
	return seconds
}

// sharedSpan is the shorter span of both sides, in nanoseconds.
func (c *comparison) sharedSpan() int64 {
	return min(c.whole.end-c.whole.begin, c.generated.end-c.generated.begin)
}

func rate(name, what string, series func(t *timeline, span int64) []float64) []measure {
	sides := func(c *comparison) (a, b []float64) {
		a, b = series(c.whole, c.sharedSpan()), series(c.generated, c.sharedSpan())
		slices.Sort(a)
		slices.Sort(b)
		return a, b
	}
	list := numeric("load", name, what+", the whole captures cut to equal spans", nil)
	list[0].compute = func(c *comparison) result { return scaledWasserstein(sides(c)) }
	list[1].compute = func(c *comparison) result {
		a, b := sides(c)
		return compared(KolmogorovSmirnov(a, b), len(a), len(b))
	}
	return list
}

func haarSides(c *comparison) (a, b []float64) {
	span := c.sharedSpan()
	return c.whole.series(haarBin, span, frameBytes), c.generated.series(haarBin, span, frameBytes)
}

func haar(c *comparison) result {
	a, b := haarSides(c)
	energyA, _ := HaarEnergies(a, maxLevel)
	energyB, _ := HaarEnergies(b, maxLevel)
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
	return result{value: sum / float64(levels), real: len(a), synthetic: len(b),
		note: fmt.Sprintf("over %d scales from %.3g s", levels, 2*float64(haarBin)/1e9)}
}

func hurst(c *comparison) result {
	a, b := haarSides(c)
	hurstA, okA := Hurst(a)
	hurstB, okB := Hurst(b)
	if !okA || !okB {
		return missing("fewer than 3 scales of 0.2 s bins with energy in the shared span")
	}
	return result{value: math.Abs(hurstA - hurstB), real: len(a), synthetic: len(b),
		note: fmt.Sprintf("real %.3f, synthetic %.3f", hurstA, hurstB)}
}

// HaarEnergies are the mean squares of the detail coefficients of the orthonormal
// Haar transform of x: element i belongs to level i+1, the scale of 2^(i+1) bins.
// Coefficients that would reach past the end are left out. Levels with fewer
// than 8 coefficients, and beyond most, are not given. counts are the numbers of
// coefficients.
func HaarEnergies(x []float64, most int) (energies []float64, counts []int) {
	smooth := slices.Clone(x)
	for level := 1; level <= most && len(smooth)/2 >= minDetail; level++ {
		half := len(smooth) / 2
		var energy float64
		for i := range half {
			a, b := smooth[2*i], smooth[2*i+1]
			energy += (a - b) * (a - b) / 2
			smooth[i] = (a + b) / math.Sqrt2
		}
		smooth = smooth[:half]
		energies = append(energies, energy/float64(half))
		counts = append(counts, half)
	}
	return energies, counts
}

// Hurst estimates the Hurst exponent of the series x, the counts of equal time
// bins, as (slope + 1)/2 of log2 of the Haar energies over the level, each level
// weighted by its number of coefficients (Abry and Veitch, IEEE Trans. Inf.
// Theory 44, 1998). ok is false where fewer than 3 levels have energy.
func Hurst(x []float64) (exponent float64, ok bool) {
	energies, counts := HaarEnergies(x, math.MaxInt)
	var n, sumX, sumY, sumXX, sumXY float64
	levels := 0
	for i, e := range energies {
		if e <= 0 {
			continue
		}
		levels++
		w, level, y := float64(counts[i]), float64(i+1), math.Log2(e)
		n += w
		sumX += w * level
		sumY += w * y
		sumXX += w * level * level
		sumXY += w * level * y
	}
	if levels < 3 {
		return 0, false
	}
	slope := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	return (slope + 1) / 2, true
}
