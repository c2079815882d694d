package classifier

import (
	"math/rand/v2"
	"slices"
)

// Folds deals whole groups to the folds, the largest first, each to the fold
// that has the least of the class that the group has most of. Equal groups are
// dealt in random order. It returns the fold of each row.
func Folds(folds int, y []bool, groups []int, src rand.Source) []int {
	type group struct {
		count [2]int
		id    int
	}
	index := map[int]int{}
	var all []group
	for i, id := range groups {
		at, ok := index[id]
		if !ok {
			at = len(all)
			index[id] = at
			all = append(all, group{id: id})
		}
		all[at].count[class(y[i])]++
	}
	rng := rand.New(src)
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b group) int {
		return b.count[0] + b.count[1] - a.count[0] - a.count[1]
	})
	filled := make([][2]int, folds)
	assigned := make(map[int]int, len(all))
	for _, g := range all {
		major := class(g.count[1] > g.count[0])
		best := 0
		for k := range filled {
			if filled[k][major] < filled[best][major] ||
				filled[k][major] == filled[best][major] && filled[k][1-major] < filled[best][1-major] {
				best = k
			}
		}
		filled[best][0] += g.count[0]
		filled[best][1] += g.count[1]
		assigned[g.id] = best
	}
	fold := make([]int, len(groups))
	for i, id := range groups {
		fold[i] = assigned[id]
	}
	return fold
}

func class(label bool) int {
	if label {
		return 1
	}
	return 0
}
