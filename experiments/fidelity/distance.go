package fidelity

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// wasserstein is the Wasserstein-1 (earth mover's) distance of two samples: the
// area between their distribution functions. It is NaN where a sample is empty.
func wasserstein(a, b distribution) float64 {
	return between(a, b, func(sum, gap, width float64) float64 { return sum + gap*width })
}

// kolmogorovSmirnov is the greatest distance between the distribution functions
// of two samples. It is NaN where a sample is empty.
func kolmogorovSmirnov(a, b distribution) float64 {
	return between(a, b, func(greatest, gap, _ float64) float64 { return max(greatest, gap) })
}

// between folds |F_a - F_b| over the intervals between the samples' values.
func between(a, b distribution, fold func(sum, gap, width float64) float64) float64 {
	if len(a.values) == 0 || len(b.values) == 0 {
		return math.NaN()
	}
	sizeA, sizeB := float64(a.size()), float64(b.size())
	var sum float64
	var belowA, belowB int64 // values up to x
	for i, j := 0, 0; i < len(a.values) || j < len(b.values); {
		x := math.Inf(1)
		if i < len(a.values) {
			x = a.values[i]
		}
		if j < len(b.values) {
			x = min(x, b.values[j])
		}
		for ; i < len(a.values) && a.values[i] == x; i++ {
			belowA += a.count(i)
		}
		for ; j < len(b.values) && b.values[j] == x; j++ {
			belowB += b.count(j)
		}
		next := x
		if i < len(a.values) {
			next = a.values[i]
		}
		if j < len(b.values) && (i == len(a.values) || b.values[j] < next) {
			next = b.values[j]
		}
		gap := math.Abs(float64(belowA)/sizeA - float64(belowB)/sizeB)
		sum = fold(sum, gap, next-x)
	}
	return sum
}

// jensenShannonOf begins the definition of a score by jensenShannon.
const jensenShannonOf = "Jensen-Shannon divergence, in bits from 0 to 1, of "

// jensenShannon is the Jensen-Shannon divergence of two tables of counts in bits,
// between 0 and 1 (Lin, IEEE Trans. Inf. Theory 37, 1991): the square of what SciPy's
// jensenshannon(p, q, base=2) gives, which is the distance. It is NaN where a table is
// empty.
func jensenShannon[K cmp.Ordered](p, q map[K]float64) float64 {
	keys, sumP, sumQ := support(p, q)
	if sumP == 0 || sumQ == 0 {
		return math.NaN()
	}
	var divergence float64
	for _, k := range keys {
		a, b := p[k]/sumP, q[k]/sumQ
		m := (a + b) / 2
		for _, proportion := range []float64{a, b} {
			if proportion > 0 {
				divergence += proportion * math.Log2(proportion/m) / 2
			}
		}
	}
	return max(0, divergence)
}

// totalVariation is half the sum of the differences between the proportions of
// two tables of counts. It is NaN where a table is empty.
func totalVariation[K cmp.Ordered](p, q map[K]float64) float64 {
	keys, sumP, sumQ := support(p, q)
	if sumP == 0 || sumQ == 0 {
		return math.NaN()
	}
	var sum float64
	for _, k := range keys {
		sum += math.Abs(p[k]/sumP-q[k]/sumQ) / 2
	}
	return sum
}

// support is the keys of either table, sorted so that sums have one order, and
// the tables' sums.
func support[K cmp.Ordered](p, q map[K]float64) (keys []K, sumP, sumQ float64) {
	union := maps.Clone(p)
	if union == nil {
		union = map[K]float64{}
	}
	maps.Copy(union, q)
	keys = slices.Sorted(maps.Keys(union))
	for _, k := range keys {
		sumP += p[k]
		sumQ += q[k]
	}
	return keys, sumP, sumQ
}
