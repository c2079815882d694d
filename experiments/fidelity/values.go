package fidelity

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Values is a sample of numbers of which most may be zeros, as of what happens in
// each second of a long capture.
type Values struct {
	List  []float64 // in any order
	Zeros int64     // further values, all 0
}

// Distances are how far two samples of numbers lie apart. One that cannot be
// computed is not a number: all of them where a sample is empty, the cosine where
// one is all zeros.
type Distances struct {
	KS     float64 // Kolmogorov-Smirnov: the greatest difference of the distribution functions
	W1     float64 // Wasserstein-1, in the unit of the values
	JSD    float64 // Jensen-Shannon divergence in bits of histograms with 50 equal bins over the range of both
	Cosine float64 // NeCSTGen's "percentage of correspondence": blind to scale (D37)
}

// DistancesOf returns the distances of two samples. Where one has more values, the
// cosine takes as many of it at random from src.
func DistancesOf(a, b Values, src rand.Source) Distances {
	p, q := a.distribution(), b.distribution()
	n := min(p.size(), q.size())
	rng := rand.New(src)
	d := Distances{
		KS: kolmogorovSmirnov(p, q), W1: wasserstein(p, q),
		Cosine: cosineOf(subset(a.List, p.size(), n, rng), subset(b.List, q.size(), n, rng)),
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, side := range []distribution{p, q} {
		if len(side.values) > 0 {
			low, high = min(low, side.values[0]), max(high, side.values[len(side.values)-1])
		}
	}
	d.JSD = jensenShannon(p.histogram(low, high), q.histogram(low, high))
	return d
}

// distribution returns the sample by rising value.
func (v Values) distribution() distribution {
	counts := make(map[float64]int64, len(v.List))
	for _, x := range v.List {
		counts[x]++
	}
	if v.Zeros > 0 {
		counts[0] += v.Zeros
	}
	return distributionOf(counts)
}

// histogram counts the values in 50 bins of equal width from low to high, the last
// with its upper end. A value on an edge of two bins, as numpy.histogram has the
// edges, is of the upper one.
func (d distribution) histogram(low, high float64) map[int]float64 {
	const bins = 50
	edge := func(i int) float64 { return low + float64(i)*((high-low)/bins) }
	counts := map[int]float64{}
	for i, v := range d.values {
		bin := 0
		if high > low {
			bin = min(bins-1, int((v-low)/(high-low)*bins))
			if v < edge(bin) {
				bin--
			} else if bin < bins-1 && v >= edge(bin+1) {
				bin++
			}
		}
		counts[bin] += float64(d.count(i))
	}
	return counts
}

// Apart returns the Jensen-Shannon divergence in bits and the total variation of two
// tables of counts. Both are not a number where a table is empty.
func Apart(p, q map[string]float64) (divergence, variation float64) {
	return jensenShannon(p, q), totalVariation(p, q)
}

// Quantile returns the value below which a proportion of the sorted values lies,
// interpolated linearly between neighbours, as numpy.quantile does.
func Quantile(sorted []float64, proportion float64) float64 {
	at := proportion * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Bootstrap returns the ends of the central 95 % of statistics over samples drawn with
// replacement: each draw calls statistic with how often it has taken each of n units,
// and takes the numbers that it fills in. The ends are percentiles of all draws (D38).
func Bootstrap(n, draws, statistics int, src rand.Source, statistic func(times, into []float64)) (low, high []float64) {
	rng := rand.New(src)
	values := make([][]float64, statistics)
	times, into := make([]float64, n), make([]float64, statistics)
	for range draws {
		clear(times)
		for range n {
			times[rng.IntN(n)]++
		}
		statistic(times, into)
		for k, v := range into {
			values[k] = append(values[k], v)
		}
	}
	for k := range values {
		slices.Sort(values[k])
		low, high = append(low, Quantile(values[k], 0.025)), append(high, Quantile(values[k], 0.975))
	}
	return low, high
}
