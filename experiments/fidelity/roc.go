package fidelity

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// roc is what a score says of members and others: rows by falling score, those of one
// score taken together.
type roc struct {
	order  []int  // rows
	last   []bool // [rows in order]: the next row scores lower
	member []bool // [rows]
}

// newROC ranks rows by their scores, of which a higher one speaks for a member.
func newROC(scores []float64, member []bool) roc {
	r := roc{order: make([]int, len(scores)), last: make([]bool, len(scores)), member: member}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortFunc(r.order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for i, row := range r.order {
		r.last[i] = i+1 == len(r.order) || scores[r.order[i+1]] != scores[row]
	}
	return r
}

// falseAlarms is the proportion of others that may be taken for members.
const falseAlarms = 0.01

// rates returns the area under the curve, ties counting half, and the greatest
// proportion of members that a threshold finds that takes up to falseAlarms of the
// others for members. times says how often each row counts; nil: once. Both are 0.5 and
// 0 where one side has no row.
func (r roc) rates(times []float64) (area, found float64) {
	total := [2]float64{}
	weigh := func(row int) (float64, int) {
		w := 1.0
		if times != nil {
			w = times[row]
		}
		if r.member[row] {
			return w, 1
		}
		return w, 0
	}
	for _, row := range r.order {
		w, side := weigh(row)
		total[side] += w
	}
	if total[0] == 0 || total[1] == 0 {
		return 0.5, 0
	}
	var above, now [2]float64 // weight of others and members above the current score, and at it
	for i, row := range r.order {
		w, side := weigh(row)
		now[side] += w
		if !r.last[i] {
			continue
		}
		area += now[0] * (above[1] + now[1]/2)
		above[0], above[1] = above[0]+now[0], above[1]+now[1]
		now = [2]float64{}
		if above[0] <= falseAlarms*total[0] {
			found = above[1] / total[1]
		}
	}
	return area / (total[0] * total[1]), found
}

// rocDraws is the number of bootstraps of an interval: as many as of a classifier's AUC.
const rocDraws = 400

// intervals are 95 % of both rates over bootstraps of the rows.
func (r roc) intervals(src rand.Source) (area, found [2]float64) {
	low, high := Bootstrap(len(r.order), rocDraws, 2, src, func(times, into []float64) { into[0], into[1] = r.rates(times) })
	return [2]float64{low[0], high[0]}, [2]float64{low[1], high[1]}
}
