package feature

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Vocabulary codes the values of a categorical column as 0, 1, ... by descending
// frequency (ties by ascending value), the order in which NeCSTGen numbers the
// classes of its one-hot targets (algorithm.md section 8).
type Vocabulary struct {
	Values []int64 `json:"values"` // by code
	Counts []int64 `json:"counts"` // training occurrences, by code
}

// FitVocabulary counts the values of a column.
func FitVocabulary(values []int64) *Vocabulary {
	counts := make(map[int64]int64)
	for _, value := range values {
		counts[value]++
	}
	v := &Vocabulary{}
	for value := range counts {
		v.Values = append(v.Values, value)
	}
	slices.SortFunc(v.Values, func(a, b int64) int {
		if counts[a] != counts[b] {
			return int(max(-1, min(1, counts[b]-counts[a])))
		}
		return int(max(-1, min(1, a-b)))
	})
	for _, value := range v.Values {
		v.Counts = append(v.Counts, counts[value])
	}
	return v
}

// Len is the number of classes.
func (v *Vocabulary) Len() int { return len(v.Values) }

// Code is the class of a value. A value that training did not have gets the
// class of the nearest value, and false.
func (v *Vocabulary) Code(value int64) (code int, known bool) {
	best, distance := 0, int64(math.MaxInt64)
	for i, have := range v.Values {
		if have == value {
			return i, true
		}
		if d := max(have-value, value-have); d < distance {
			best, distance = i, d
		}
	}
	return best, false
}

// Quantizer codes a numeric column in two digits. The first digit is one of the
// exact values, which occur often, or one of the bins, which hold equally many of
// all other values; the second is one of Fine parts of that bin, which again hold
// equally many. A value is drawn back between the training order statistics on
// either side, so that it repeats a training value only if that is an exact one.
type Quantizer struct {
	Exact []float64 `json:"exact"` // ascending
	Bins  int       `json:"bins"`
	Fine  int       `json:"fine"`
	// Knots are ascending order statistics of the values outside Exact: knot
	// i*Fine*knotsPerPart starts bin i. Empty where Exact holds everything.
	Knots []float64 `json:"knots"`
}

// knotsPerPart is how many intervals between order statistics stand for one part
// of a bin: 4 keep the shape inside a part at a few kilobytes a column.
const knotsPerPart = 4

// FitQuantizer learns the code of a column. A value that makes up at least
// exactFraction of all values is exact. bins and fine must be at least 1.
func FitQuantizer(values []float64, bins, fine int, exactFraction float64) (*Quantizer, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("feature: no value to quantize")
	}
	if bins < 1 || fine < 1 {
		return nil, fmt.Errorf("feature: %d bins of %d parts: want at least 1 of each", bins, fine)
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	if i := slices.IndexFunc(sorted, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }); i >= 0 {
		return nil, fmt.Errorf("feature: value %v cannot be quantized", sorted[i])
	}
	q := &Quantizer{Bins: bins, Fine: fine}
	var rest []float64
	enough := max(2, int(math.Ceil(exactFraction*float64(len(sorted)))))
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		if j-i >= enough {
			q.Exact = append(q.Exact, sorted[i])
		} else {
			rest = append(rest, sorted[i:j]...)
		}
		i = j
	}
	if len(rest) == 0 {
		q.Bins = 0
		return q, nil
	}
	q.Bins = max(1, min(bins, len(rest)))
	n := q.Bins * fine * knotsPerPart
	for k := range n + 1 {
		q.Knots = append(q.Knots, quantileOfSorted(rest, float64(k)/float64(n)))
	}
	return q, nil
}

// quantileOfSorted is the linearly interpolated quantile of ascending values.
func quantileOfSorted(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Len is the number of first digits: the exact values, then the bins.
func (q *Quantizer) Len() int { return len(q.Exact) + q.Bins }

// Code is the two digits of a value; values outside the training range get the
// first or the last part. Exact values have the second digit 0.
func (q *Quantizer) Code(value float64) (code, fine int) {
	if i, found := slices.BinarySearch(q.Exact, value); found || q.Bins == 0 {
		if !found {
			i = nearest(q.Exact, value)
		}
		return i, 0
	}
	knot := sort.SearchFloat64s(q.Knots, value) // first knot >= value
	if knot < len(q.Knots) && q.Knots[knot] > value {
		knot--
	}
	part := min(max(0, knot), len(q.Knots)-2) / knotsPerPart
	return len(q.Exact) + part/q.Fine, part % q.Fine
}

func nearest(ascending []float64, value float64) int {
	i := sort.SearchFloat64s(ascending, value)
	if i == len(ascending) || i > 0 && value-ascending[i-1] <= ascending[i]-value {
		return i - 1
	}
	return i
}

// Value is the value at position u in [0, 1) of the part that the digits name.
func (q *Quantizer) Value(code, fine int, u float64) float64 {
	if code < len(q.Exact) {
		return q.Exact[code]
	}
	at := (float64((code-len(q.Exact))*q.Fine+fine) + u) * knotsPerPart
	i := min(int(at), len(q.Knots)-2)
	return q.Knots[i] + (at-float64(i))*(q.Knots[i+1]-q.Knots[i])
}
