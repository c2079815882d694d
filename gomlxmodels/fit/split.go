package fit

import (
	"math"
	"math/rand/v2"
)

// FlowSplit draws the rows to hold out for validation from flows of the given
// lengths that stand one after the other: whole flows, until they hold the fraction of
// the rows, never all flows. Rows of one flow are alike, so that held-out rows
// beside training rows of their own flow would flatter a model (D22).
func FlowSplit(lengths []int, fraction float64, src rand.Source) (rows []int) {
	total := 0
	begins := make([]int, len(lengths))
	for f, length := range lengths {
		begins[f] = total
		total += length
	}
	want := int(math.Round(fraction * float64(total)))
	order := rand.New(src).Perm(len(lengths))
	for _, f := range order[:max(0, len(order)-1)] {
		if len(rows)+lengths[f]/2 >= want {
			break
		}
		for i := range lengths[f] {
			rows = append(rows, begins[f]+i)
		}
	}
	return rows
}

// TimeSplit is the rows to hold out where there are no flows: the last fraction of n
// rows in the order of time, never all.
func TimeSplit(n int, fraction float64) (rows []int) {
	held := min(int(math.Round(fraction*float64(n))), n-1)
	for r := n - held; r < n; r++ {
		rows = append(rows, r)
	}
	return rows
}
