package generator

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// normalScores maps one column to standard normal quantiles by rank and back, so
// that a mixture of Gaussians fits any marginal and draws back inside its range.
type normalScores struct {
	Sorted []float64 `json:"sorted"` // known training values, ascending
}

// fitNormalScores learns a column; NaN values are left out. A column without any
// value maps everything to 0.
func fitNormalScores(column []float64) normalScores {
	var known []float64
	for _, value := range column {
		if !math.IsNaN(value) {
			known = append(known, value)
		}
	}
	slices.Sort(known)
	return normalScores{Sorted: known}
}

// score is the normal quantile of a value's rank. Among equal values the rank is
// drawn, so that a column of few values has no point masses; NaN gets any rank.
func (n normalScores) score(value float64, random *rand.Rand) float64 {
	size := len(n.Sorted)
	if size == 0 {
		return 0
	}
	low, high := 0, size
	if !math.IsNaN(value) {
		low = sort.SearchFloat64s(n.Sorted, value)
		high = sort.Search(size, func(i int) bool { return n.Sorted[i] > value })
	}
	rank := float64(low) + random.Float64()*max(1, float64(high-low))
	return distuv.UnitNormal.Quantile(min(max(rank/float64(size), 0.5/float64(size)), 1-0.5/float64(size)))
}

// value is the training quantile of a normal score, interpolated.
func (n normalScores) value(score float64) float64 {
	if len(n.Sorted) == 0 {
		return math.NaN()
	}
	at := distuv.UnitNormal.CDF(score) * float64(len(n.Sorted)-1)
	i := min(int(at), len(n.Sorted)-1)
	if i+1 >= len(n.Sorted) {
		return n.Sorted[i]
	}
	return n.Sorted[i] + (at-float64(i))*(n.Sorted[i+1]-n.Sorted[i])
}

// scale maps a column of a flow table to the units of a mixture and back: by rank,
// or, with a Range, to 0..1 from the least to the greatest value (NeCSTGen's).
type scale struct {
	normalScores
	Range *[2]float64 `json:"range,omitempty"`
}

// fitScale learns a column without NaN for the kind of an Aggregate.
func fitScale(kind string, column []float64) scale {
	if kind == KindPaper {
		return scale{Range: &[2]float64{slices.Min(column), slices.Max(column)}}
	}
	return scale{normalScores: fitNormalScores(column)}
}

func (s scale) check() error {
	switch {
	case (s.Range == nil) == (s.Sorted == nil):
		return errors.New("a scale wants either values or a range")
	case s.Range != nil && !(s.Range[0] <= s.Range[1]):
		return fmt.Errorf("a scale from %v to %v", s.Range[0], s.Range[1])
	case !slices.IsSorted(s.Sorted):
		return errors.New("the values of a scale are not in order")
	}
	return nil
}

func (s scale) score(value float64, random *rand.Rand) float64 {
	switch {
	case s.Range == nil:
		return s.normalScores.score(value, random)
	case s.Range[0] == s.Range[1]:
		return 0
	}
	return (value - s.Range[0]) / (s.Range[1] - s.Range[0])
}

// value is what a score stands for; scores outside the range are clipped (D30).
func (s scale) value(score float64) float64 {
	if s.Range == nil {
		return s.normalScores.value(score)
	}
	return s.Range[0] + min(max(score, 0), 1)*(s.Range[1]-s.Range[0])
}
