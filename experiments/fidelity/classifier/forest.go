package classifier

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Forest is a random forest of so many trees, at least 1.
type Forest struct{ Trees int }

// minLeaf is the number of distinct rows that a leaf of a forest holds at least.
const minLeaf = 5

func (l Forest) check() error {
	if l.Trees < 1 {
		return fmt.Errorf("classifier: a forest of %d trees: want at least 1", l.Trees)
	}
	return nil
}

// forest is a fitted forest.
type forest struct {
	trees  []tree
	gained []float64 // [columns], by how much splits by it have lowered the impurity
}

func (f *forest) gains() []float64 { return f.gained }

// fit grows the trees. Their seeds are drawn from src.
func (l Forest) fit(x [][]float64, y []bool, src rand.Source) fitted {
	table := encode(x, y, maxCodes)
	seeds := make([]uint64, l.Trees)
	for i := range seeds {
		seeds[i] = src.Uint64()
	}
	f := &forest{trees: make([]tree, l.Trees), gained: make([]float64, len(x[0]))}
	var wait sync.WaitGroup
	var lock sync.Mutex
	var next atomic.Int64 // a worker whose processor is busy takes fewer trees
	for range min(runtime.GOMAXPROCS(0), l.Trees) {
		wait.Go(func() {
			g := newGrower(table)
			for i := int(next.Add(1)) - 1; i < l.Trees; i = int(next.Add(1)) - 1 {
				f.trees[i] = g.grow(rand.New(rand.NewPCG(seeds[i], uint64(i))))
			}
			lock.Lock()
			defer lock.Unlock()
			for j, gain := range g.gained {
				f.gained[j] += gain
			}
		})
	}
	wait.Wait()
	return f
}

// blockRows is the number of rows that go through a tree together: a tree fits
// into the first-level cache, a forest does not.
const blockRows = 64

// probabilities appends to dst, for each row of x [n][columns], the mean over the
// trees of the weight of true rows in the leaf that it falls into.
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
	for i := range f.trees {
		for k, row := range rows {
			sums[k] += f.trees[i].value(row)
		}
	}
	for k := range sums {
		sums[k] /= float64(len(f.trees))
	}
}
