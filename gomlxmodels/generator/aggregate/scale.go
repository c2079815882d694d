package aggregate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// scale maps a column to the units of a mixture and back: by rank to a standard
// normal distribution, or, with a Range, to 0..1 from the least to the greatest
// value (NeCSTGen's).
type scale struct {
	draw.NormalScores
	Range *[2]float64 `json:"range,omitempty"`
}

// fitScale learns a column.
func fitScale(byRange bool, column []float64) scale {
	scores := draw.FitNormalScores(column)
	if n := len(scores.Sorted); byRange && n > 0 {
		return scale{Range: &[2]float64{scores.Sorted[0], scores.Sorted[n-1]}}
	}
	return scale{NormalScores: scores}
}

// check refuses a scale that cannot be.
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

// score returns what stands for a value.
func (s scale) score(value float64, random *rand.Rand) float64 {
	switch {
	case s.Range == nil:
		return s.Score(value, random)
	case math.IsNaN(value):
		return random.Float64()
	case s.Range[0] == s.Range[1]:
		return 0
	}
	return (value - s.Range[0]) / (s.Range[1] - s.Range[0])
}

// value returns what a score stands for; scores outside a range are clipped (D30).
func (s scale) value(score float64) float64 {
	if s.Range == nil {
		return s.Value(score)
	}
	return s.Range[0] + min(max(score, 0), 1)*(s.Range[1]-s.Range[0])
}

// scaled returns the columns in the units of a mixture, [rows, columns]. A column of
// which no row has a value, as turns of one-way traffic, is noise: a mixture wants
// some variance.
func scaled(scales []scale, columns [][]float64, random *rand.Rand) *mat.Dense {
	x := mat.NewDense(len(columns[0]), len(columns), nil)
	for j, column := range columns {
		for i, value := range column {
			x.Set(i, j, scales[j].score(value, random))
		}
	}
	for j, s := range scales {
		for i := 0; s.Range == nil && len(s.Sorted) == 0 && i < len(columns[j]); i++ {
			x.Set(i, j, random.NormFloat64())
		}
	}
	return x
}
