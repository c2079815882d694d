package forest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// auc is the area under the receiver operating characteristic: the chance that
// a true row scores higher than a false one, ties counting half (Mann and
// Whitney, 1947). ok is false where one class has no row.
func auc(scores []float64, labels []bool) (area float64, ok bool) {
	order := make([]int, len(scores))
	var positives float64
	for i := range order {
		order[i] = i
		if labels[i] {
			positives++
		}
	}
	negatives := float64(len(scores)) - positives
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var below, sum float64 // false rows below the current score; pairs won
	for i := 0; i < len(order); {
		j := i
		var yes, no float64
		for ; j < len(order) && scores[order[j]] == scores[order[i]]; j++ {
			if labels[order[j]] {
				yes++
			} else {
				no++
			}
		}
		sum += yes * (below + no/2)
		below += no
		i = j
	}
	return sum / (positives * negatives), true
}

// CrossValidate is the mean over the folds of the AUC that a forest of so many
// trees, fitted on the other folds, reaches on the fold. groups [n] are numbers for
// the rows: rows of one group stay in one fold.
func CrossValidate(trees, folds int, x [][]float64, y []bool, groups []int, src rand.Source) (mean float64, err error) {
	if folds < 2 {
		return 0, fmt.Errorf("forest: %d folds: want at least 2", folds)
	}
	if err := check(x, y); err != nil {
		return 0, err
	}
	if len(groups) != len(x) {
		return 0, fmt.Errorf("forest: %d groups for %d rows: want one for each", len(groups), len(x))
	}
	fold := assignFolds(folds, y, groups, src)
	for k := range folds {
		var train, test [][]float64
		var trainY, testY []bool
		for i := range x {
			if fold[i] == k {
				test, testY = append(test, x[i]), append(testY, y[i])
			} else {
				train, trainY = append(train, x[i]), append(trainY, y[i])
			}
		}
		if len(train) == 0 || len(test) == 0 {
			return 0, fmt.Errorf("forest: fold %d of %d is empty or holds every row: fewer groups than folds", k+1, folds)
		}
		f, err := fit(trees, train, trainY, src)
		if err != nil {
			return 0, err
		}
		area, ok := auc(f.probabilities(nil, test), testY)
		if !ok {
			return 0, fmt.Errorf("forest: fold %d of %d has rows of one class only", k+1, folds)
		}
		mean += area / float64(folds)
	}
	return mean, nil
}

// assignFolds deals whole groups to the folds, the largest first, each to the fold
// that has the least of the class that the group has most of. Equal groups are
// dealt in random order. It returns the fold of each row.
func assignFolds(folds int, y []bool, groups []int, src rand.Source) []int {
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
