package draw

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// NormalScores map one column to standard normal quantiles by rank and back, so
// that a mixture of Gaussians fits any marginal and draws back inside its range.
// The i-th of n sorted values is the quantile of (i+1/2)/n, and between two of them
// the map is linear in the rank: Value undoes Score.
type NormalScores struct {
	Sorted []float64 `json:"sorted"` // known training values, ascending
}

// FitNormalScores learns a column; NaN values are left out. A column without any
// value maps everything to 0.
func FitNormalScores(column []float64) NormalScores {
	known := []float64{}
	for _, value := range column {
		if !math.IsNaN(value) {
			known = append(known, value)
		}
	}
	slices.Sort(known)
	return NormalScores{Sorted: known}
}

// Score returns the normal quantile of a value's rank. Among equal values the rank
// is drawn, so that a column of few values has no point masses; NaN gets any rank.
func (n NormalScores) Score(value float64, random *rand.Rand) float64 {
	size := len(n.Sorted)
	if size == 0 {
		return 0
	}
	rank := random.Float64() * float64(size-1)
	if !math.IsNaN(value) {
		low := sort.SearchFloat64s(n.Sorted, value)
		high := low + sort.Search(size-low, func(i int) bool { return n.Sorted[low+i] > value })
		switch {
		case high > low:
			rank = float64(low) + rank/float64(max(1, size-1))*float64(high-1-low)
		case low == 0 || low == size:
			rank = float64(min(low, size-1))
		default:
			below, above := n.Sorted[low-1], n.Sorted[low]
			rank = float64(low-1) + (value-below)/(above-below)
		}
	}
	return distuv.UnitNormal.Quantile((rank + 0.5) / float64(size))
}

// rankRounding is how near to a whole rank a score is taken for it: what the normal
// distribution and its inverse lose for a million values.
const rankRounding = 1e-9

// Value returns the training quantile of a normal score, interpolated.
func (n NormalScores) Value(score float64) float64 {
	size := len(n.Sorted)
	if size == 0 {
		return math.NaN()
	}
	rank := min(max(distuv.UnitNormal.CDF(score)*float64(size)-0.5, 0), float64(size-1))
	if whole := math.Round(rank); math.Abs(rank-whole) <= rankRounding*max(1, whole) {
		return n.Sorted[int(whole)]
	}
	return Interpolated(n.Sorted, rank)
}

// Interpolated returns the value at a rank from 0 to len(sorted)-1, between two
// neighbours in proportion.
func Interpolated(sorted []float64, rank float64) float64 {
	i := min(int(rank), len(sorted)-1)
	if i+1 >= len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (rank-float64(i))*(sorted[i+1]-sorted[i])
}
