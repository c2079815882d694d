// Package forest is a random forest for two classes: the classifier of the
// two-sample tests in package fidelity. [CrossValidate] is how well forests tell the
// classes apart in rows that they were not fitted on.
//
// It follows Breiman (Random Forests, Machine Learning 45, 2001) in the details
// of scikit-learn's RandomForestClassifier, so that scores can be set beside
// scores that others computed with it: bootstrap rows, the square root of the
// number of columns tried at each node, Gini impurity, leaves counted in
// distinct rows, and the mean of the leaves' proportions of true rows as the probability.
//
// Speed comes from the splitter. Each column is coded once by rank into at most
// 4,096 classes, which is exact for columns with no more distinct values. A
// node adds its rows to a histogram with a two-level bitmap of the classes in
// use, so that finding the best split costs a few nanoseconds a row and nothing
// is ever sorted again. Trees grow in parallel, each from its own seed, and the
// forest is the same for any number of processors.
package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// minLeaf is the number of distinct rows that a leaf holds at least.
const minLeaf = 5

// maxRows is the number of rows that the packed histogram cells can count.
const maxRows = 1<<cellBits - 1

// forest is a fitted forest.
type forest struct {
	trees   []tree
	columns int
}

// fit grows a forest of so many trees on the rows x [n][columns] with the classes
// y [n]. Values have to be finite. The seeds of the trees are drawn from src.
func fit(trees int, x [][]float64, y []bool, src rand.Source) (*forest, error) {
	if trees < 1 {
		return nil, fmt.Errorf("forest: %d trees: want at least 1", trees)
	}
	if err := check(x, y); err != nil {
		return nil, err
	}
	table := encode(x, y)
	seeds := make([]uint64, trees)
	for i := range seeds {
		seeds[i] = src.Uint64()
	}
	f := &forest{trees: make([]tree, trees), columns: len(x[0])}
	var wait sync.WaitGroup
	var next atomic.Int64 // a worker whose processor is busy takes fewer trees
	for range min(runtime.GOMAXPROCS(0), trees) {
		wait.Go(func() {
			g := newGrower(table)
			for i := int(next.Add(1)) - 1; i < trees; i = int(next.Add(1)) - 1 {
				f.trees[i] = g.grow(rand.New(rand.NewPCG(seeds[i], uint64(i))))
			}
		})
	}
	wait.Wait()
	return f, nil
}

// check reports what is wrong with a table of rows and classes.
func check(x [][]float64, y []bool) error {
	if len(x) == 0 || len(x) != len(y) {
		return fmt.Errorf("forest: %d rows and %d classes: want the same number, at least 1", len(x), len(y))
	}
	if len(x) > maxRows {
		return fmt.Errorf("forest: %d rows: want at most %d", len(x), maxRows)
	}
	for i, row := range x {
		if len(row) != len(x[0]) || len(row) == 0 {
			return fmt.Errorf("forest: row %d has %d columns: want %d, at least 1", i, len(row), len(x[0]))
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("forest: row %d, column %d is %v: want a finite number", i, j, v)
			}
		}
	}
	return nil
}

// blockRows is the number of rows that go through a tree together: a tree fits
// into the first-level cache, a forest does not.
const blockRows = 64

// probabilities appends to dst, for each row of x [n][columns], the mean over the
// trees of the weight of true rows in the leaf that it falls into. It panics if a
// row has too few columns.
func (f *forest) probabilities(dst []float64, x [][]float64) []float64 {
	start := len(dst)
	dst = append(dst, make([]float64, len(x))...)
	var wait sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for from := int(next.Add(blockRows)) - blockRows; from < len(x); from = int(next.Add(blockRows)) - blockRows {
				to := min(from+blockRows, len(x))
				f.block(dst[start+from:start+to], x[from:to])
			}
		})
	}
	wait.Wait()
	return dst
}

// block computes the probabilities of rows, tree by tree.
func (f *forest) block(sums []float64, rows [][]float64) {
	for _, row := range rows {
		_ = row[f.columns-1]
	}
	for i := range f.trees {
		for k, row := range rows {
			sums[k] += f.trees[i].probability(row)
		}
	}
	for k := range sums {
		sums[k] /= float64(len(f.trees))
	}
}
