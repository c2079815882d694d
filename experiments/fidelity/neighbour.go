package fidelity

import (
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// scale puts rows of numbers into standard deviations of a set of rows.
type scale struct{ mean, deviation []float64 } // [columns]

// newScale returns the scale of rows [n][columns]. A column of equal values keeps its unit.
func newScale(rows [][]float64) scale {
	var s scale
	if len(rows) == 0 {
		return s
	}
	column := make([]float64, len(rows))
	for j := range rows[0] {
		for i := range rows {
			column[i] = rows[i][j]
		}
		mean, deviation := each(column).moments()
		if deviation <= 1e-9*math.Abs(mean) { // equal values, but for the rounding of their mean
			deviation = 1
		}
		s.mean, s.deviation = append(s.mean, mean), append(s.deviation, deviation)
	}
	return s
}

// apply puts a row into standard deviations from the mean, in place.
func (s scale) apply(row []float64) {
	for j := range row {
		row[j] = (row[j] - s.mean[j]) / s.deviation[j]
	}
}

// neighbourhood finds the distance to the closest of a set of flows, in rows of numbers
// that are in standard deviations.
type neighbourhood struct {
	of    func(f *flow.Flow) []float64 // the row of a flow
	all   int                          // flows, of which rows may be a part
	scale scale
	rows  [][]float64 // [flows][columns], sorted by the first value
}

// maxNeighbours bounds the flows that are searched: of more, every second, third and so
// on is taken.
const maxNeighbours = 5000

// newNeighbourhood takes flows as what of makes of them, in their own standard deviations.
func newNeighbourhood(flows []*flow.Flow, of func(f *flow.Flow) []float64) *neighbourhood {
	n := &neighbourhood{of: of, all: len(flows)}
	step := (len(flows) + maxNeighbours - 1) / maxNeighbours
	for i := 0; i < len(flows); i += step {
		n.rows = append(n.rows, of(flows[i]))
	}
	n.scale = newScale(n.rows)
	for _, row := range n.rows {
		n.scale.apply(row)
	}
	slices.SortFunc(n.rows, slices.Compare)
	return n
}

// loggedSummary is the summary of a flow with log10 of its counts: packets, bytes,
// duration.
func loggedSummary(c clock) func(f *flow.Flow) []float64 {
	return func(f *flow.Flow) []float64 {
		values := summary(f, c)
		for j := range 3 {
			values[j] = math.Log10(max(gapFloor, values[j]))
		}
		return values
	}
}

// distances are each flow's distance to its closest flow of the set, sorted.
func (n *neighbourhood) distances(flows []*flow.Flow) []float64 {
	if len(n.rows) == 0 {
		return nil
	}
	list := make([]float64, len(flows))
	for i, f := range flows {
		x := n.of(f)
		n.scale.apply(x)
		list[i] = closest(n.rows, x)
	}
	slices.Sort(list)
	return list
}

// closest is the distance from x to the closest of rows, which are sorted. It looks from
// the rows with the nearest first value outwards, until that value alone is further away
// than the best row.
func closest(rows [][]float64, x []float64) float64 {
	middle, _ := slices.BinarySearchFunc(rows, x, slices.Compare)
	best := math.Inf(1)
	for _, step := range []int{1, -1} {
		from := middle
		if step < 0 {
			from--
		}
		for i := from; i >= 0 && i < len(rows); i += step {
			row := rows[i]
			sum := (row[0] - x[0]) * (row[0] - x[0])
			if sum >= best {
				break
			}
			for j := 1; j < len(x) && sum < best; j++ {
				sum += (row[j] - x[j]) * (row[j] - x[j])
			}
			best = min(best, sum)
		}
	}
	return math.Sqrt(best)
}
