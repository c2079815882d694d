// Package classifier holds what tries to tell two classes of rows apart in the
// two-sample tests of package fidelity. [CrossValidate] is how well a [Learner] does on
// rows that it was not fitted on, and by which columns.
//
//	Forest    a random forest (Breiman, Machine Learning 45, 2001)
//	Boosting  gradient-boosted trees on histograms (Friedman, Annals of Statistics 29, 2001; Ke et al., LightGBM, NIPS 2017)
//
// Both follow scikit-learn in their details, RandomForestClassifier and
// HistGradientBoostingClassifier, so that scores can be set beside scores that others
// computed with it. Of the forest that is: bootstrap rows, the square root of the number
// of columns tried at each node, Gini impurity, leaves counted in distinct rows, and the
// mean of the leaves' proportions of true rows as the probability. Of the boosted trees:
// log loss, at most 255 classes a column, leaves grown best first up to 31, of at least
// 20 rows.
//
// Speed comes from the splitter: each column is coded once by rank, nodes add their rows
// to histograms over the codes, and nothing is ever sorted again. Folds and the trees of a
// forest grow in parallel, each from its own seed, and the result is the same for any
// number of processors.
package classifier

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Learner is a way to learn to tell two classes apart: a Forest or Boosting.
type Learner interface {
	// fit learns from the rows x [n][columns] with the classes y [n]. All values are finite.
	fit(x [][]float64, y []bool, src rand.Source) fitted
	// check reports a setting that is out of its range, with the range.
	check() error
}

// fitted is what a learner has learnt.
type fitted interface {
	// probabilities appends to dst, for each row of x [n][columns], a number that grows
	// with the chance that the row is of the true class.
	probabilities(dst []float64, x [][]float64) []float64
	// gains returns what the splits by each column [columns] have gained together.
	gains() []float64
}

// Result is how well the classes are told apart.
type Result struct {
	AUC        float64   // mean over the folds; 0.5: not at all, 1: always
	Importance []float64 // [columns], each column's part of what all splits gained; sums to 1, or is all 0

	parts []part
}

// Interval is 95 % of the AUC over bootstraps of the groups of rows. It is a sort and 400
// passes over the rows, which is done for those alone who ask.
func (r Result) Interval(src rand.Source) [2]float64 { return interval(r.parts, rand.New(src)) }

// maxRows is the number of rows that the packed histogram cells can count.
const maxRows = 1<<cellBits - 1

// CrossValidate fits a learner on all folds but one and looks how well it tells the
// classes apart on that one, for each fold. x is [n][columns], of finite values, y [n]
// the classes, and groups [n] are numbers for the rows: rows of one group stay in one
// fold.
func CrossValidate(l Learner, folds int, x [][]float64, y []bool, groups []int, src rand.Source) (Result, error) {
	if folds < 2 {
		return Result{}, fmt.Errorf("classifier: %d folds: want at least 2", folds)
	}
	if err := errors.Join(l.check(), check(x, y)); err != nil {
		return Result{}, err
	}
	if len(groups) != len(x) {
		return Result{}, fmt.Errorf("classifier: %d groups for %d rows: want one for each", len(groups), len(x))
	}
	fold := Folds(folds, y, groups, src)
	parts := make([]part, folds)
	for i, k := range fold {
		parts[k].add(x[i], y[i], groups[i])
	}
	for k := range parts {
		if n := len(parts[k].x); n == 0 || n == len(x) {
			return Result{}, fmt.Errorf("classifier: fold %d of %d is empty or holds every row: fewer groups than folds", k+1, folds)
		}
	}
	gains := make([][]float64, folds)
	each(folds, src, func(k int, src rand.Source) {
		var train part
		for other := range parts {
			if other != k {
				train.x, train.y = append(train.x, parts[other].x...), append(train.y, parts[other].y...)
			}
		}
		f := l.fit(train.x, train.y, src)
		parts[k].scores, gains[k] = f.probabilities(nil, parts[k].x), f.gains()
	})
	r, err := judge(parts)
	r.Importance = shares(gains)
	return r, err
}

// judge is how well the scores of each fold's rows tell the classes apart.
func judge(parts []part) (Result, error) {
	r := Result{parts: parts}
	for k := range parts {
		area, ok := auc(parts[k].scores, parts[k].y)
		if !ok {
			return Result{}, fmt.Errorf("classifier: fold %d of %d has rows of one class only", k+1, len(parts))
		}
		r.AUC += area / float64(len(parts))
	}
	return r, nil
}

// Judge is the result of scores [n] that something else than a Learner has given to rows
// of the classes y [n], each without having seen the others of its fold. fold [n] counts
// from 0, and groups [n] are the rows' groups, as CrossValidate has them; the result has
// no Importance.
func Judge(scores []float64, y []bool, fold, groups []int) (Result, error) {
	if len(scores) == 0 || len(y) != len(scores) || len(fold) != len(scores) || len(groups) != len(scores) {
		return Result{}, fmt.Errorf("classifier: %d scores, %d classes, %d folds and %d groups: want as many of each, at least 1", len(scores), len(y), len(fold), len(groups))
	}
	parts := make([]part, slices.Max(fold)+1)
	for i, k := range fold {
		parts[k].add(nil, y[i], groups[i])
		parts[k].scores = append(parts[k].scores, scores[i])
	}
	return judge(parts)
}

// part is the rows of one fold.
type part struct {
	x      [][]float64
	y      []bool
	groups []int
	scores []float64
}

func (p *part) add(x []float64, y bool, group int) {
	p.x, p.y, p.groups = append(p.x, x), append(p.y, y), append(p.groups, group)
}

// each calls do for 0 to n-1, as many at once as there are processors, each with a
// source of its own.
func each(n int, src rand.Source, do func(i int, src rand.Source)) {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = src.Uint64()
	}
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			free <- struct{}{}
			do(i, rand.NewPCG(seeds[i], uint64(i)))
			<-free
		})
	}
	wait.Wait()
}

// shares is each column's part of the gains [folds][columns].
func shares(gains [][]float64) []float64 {
	sums := make([]float64, len(gains[0]))
	var all float64
	for _, fold := range gains {
		for j, g := range fold {
			sums[j] += g
			all += g
		}
	}
	for j := range sums {
		if all > 0 {
			sums[j] /= all
		}
	}
	return sums
}

// check reports what is wrong with a table of rows and classes.
func check(x [][]float64, y []bool) error {
	if len(x) == 0 || len(x) != len(y) {
		return fmt.Errorf("classifier: %d rows and %d classes: want the same number, at least 1", len(x), len(y))
	}
	if len(x) > maxRows {
		return fmt.Errorf("classifier: %d rows: want at most %d", len(x), maxRows)
	}
	for i, row := range x {
		if len(row) != len(x[0]) || len(row) == 0 {
			return fmt.Errorf("classifier: row %d has %d columns: want %d, at least 1", i, len(row), len(x[0]))
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("classifier: row %d, column %d is %v: want a finite number", i, j, v)
			}
		}
	}
	return nil
}
