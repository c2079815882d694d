package classifier

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// auc is the area under the receiver operating characteristic: the chance that
// a true row scores higher than a false one, ties counting half (Mann and
// Whitney, 1947). ok is false where one class has no row.
func auc(scores []float64, labels []bool) (area float64, ok bool) {
	return ranked(scores, labels).auc(nil)
}

// ranking is rows in the order of their scores.
type ranking struct {
	order  []int
	last   []bool // [rows in order], the next row scores higher
	labels []bool
}

func ranked(scores []float64, labels []bool) ranking {
	r := ranking{order: make([]int, len(scores)), last: make([]bool, len(scores)), labels: labels}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortFunc(r.order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	for i := range r.order {
		r.last[i] = i+1 == len(r.order) || scores[r.order[i]] != scores[r.order[i+1]]
	}
	return r
}

// auc is the area where row i counts weight[i] times; nil: each once.
func (r ranking) auc(weight []float64) (area float64, ok bool) {
	var below, positives, sum float64 // weight of false rows below the current score, of true rows, pairs won
	var yes, no float64               // at the current score
	for i, row := range r.order {
		w := 1.0
		if weight != nil {
			w = weight[row]
		}
		if r.labels[row] {
			yes += w
		} else {
			no += w
		}
		if r.last[i] {
			sum += yes * (below + no/2)
			below += no
			positives += yes
			yes, no = 0, 0
		}
	}
	if positives == 0 || below == 0 {
		return 0, false
	}
	return sum / (positives * below), true
}

// bootstraps is the number of samples that an interval is made of: more move its ends
// by less than the third digit.
const bootstraps = 400

// interval is the range of 95 % of the mean AUC over bootstraps of the groups of each
// part: the rows of a group, such as windows of one flow, are drawn together, because
// they say less than as many rows of different groups.
func interval(parts []part, rng *rand.Rand) [2]float64 {
	rankings := make([]ranking, len(parts))
	members := make([][][]int, len(parts)) // [part][group] rows
	for k, p := range parts {
		rankings[k] = ranked(p.scores, p.y)
		index := map[int]int{}
		for row, id := range p.groups {
			at, ok := index[id]
			if !ok {
				at = len(members[k])
				index[id], members[k] = at, append(members[k], nil)
			}
			members[k][at] = append(members[k][at], row)
		}
	}
	var means []float64
	for range bootstraps {
		var mean, n float64
		for k, groups := range members {
			weight := make([]float64, len(parts[k].x))
			for range groups {
				for _, row := range groups[rng.IntN(len(groups))] {
					weight[row]++
				}
			}
			if area, ok := rankings[k].auc(weight); ok { // a sample may hold one class only
				mean, n = mean+area, n+1
			}
		}
		if n > 0 {
			means = append(means, mean/n)
		}
	}
	if len(means) == 0 {
		return [2]float64{0, 1}
	}
	slices.Sort(means)
	tail := len(means) / 40
	return [2]float64{means[tail], means[len(means)-1-tail]}
}
