package gmm

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// orderMargin is the difference up to which two numbers count as the same when
// components are ordered: of weights, and of means in standard deviations of their
// column. Two fits of the same mixture on different processors differ by some 1e-12
// of it, or a thousand times that where the likelihood is flat.
const orderMargin = 1e-6

// sort numbers the components in an order that rounding cannot change: by
// decreasing weight, those of the same weight by increasing mean, column by column,
// and those that still are the same by variances. Spread is the columns' variances.
//
// Sorting rounded numbers would not do, since a number may lie where rounding goes
// both ways; nor would a comparison with a margin, which is no order. So components
// are sorted by the exact number and then cut where neighbours differ by more than
// the margin; within a piece, the next number decides.
func (m *Model) sort(spread []float64) {
	keys := make([][]float64, len(m.Weights))
	for k := range keys {
		keys[k] = []float64{-m.Weights[k]}
		for j, v := range m.Means[k] {
			keys[k] = append(keys[k], v/max(math.Sqrt(spread[j]), math.SmallestNonzeroFloat32))
		}
		for j := range m.Means[k] {
			keys[k] = append(keys[k], m.Covariances[k].At(j, j)/max(spread[j], math.SmallestNonzeroFloat32))
		}
	}
	order := make([]int, len(keys))
	for k := range order {
		order[k] = k
	}
	sortPiece(order, keys, 0)
	weights, means, covariances := make([]float64, len(order)), make([][]float64, len(order)), make([]*mat.SymDense, len(order))
	for to, from := range order {
		weights[to], means[to], covariances[to] = m.Weights[from], m.Means[from], m.Covariances[from]
	}
	m.Weights, m.Means, m.Covariances = weights, means, covariances
}

// sortPiece sorts components by their keys from the given one on.
func sortPiece(order []int, keys [][]float64, at int) {
	if len(order) < 2 || at == len(keys[order[0]]) {
		return
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(keys[a][at], keys[b][at]) })
	begin := 0
	for i := 1; i <= len(order); i++ {
		if i == len(order) || keys[order[i]][at]-keys[order[i-1]][at] > orderMargin {
			sortPiece(order[begin:i], keys, at+1)
			begin = i
		}
	}
}
