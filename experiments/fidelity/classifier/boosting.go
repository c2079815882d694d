package classifier

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Boosting is gradient-boosted trees: so many rounds, at least 1, each of which adds a
// tree that lowers the log loss of those before.
type Boosting struct{ Rounds int }

// The settings of boosted trees, which are scikit-learn's defaults.
const (
	learningRate = 0.1
	mostLeaves   = 31
	leastRows    = 20   // of a leaf
	leastHessian = 1e-3 // of a leaf
	mostClasses  = 255  // of a column
)

func (l Boosting) check() error {
	if l.Rounds < 1 {
		return fmt.Errorf("classifier: boosting in %d rounds: want at least 1", l.Rounds)
	}
	return nil
}

// boosted is a sum of trees.
type boosted struct {
	trees  []tree
	gained []float64
}

// fit adds tree after tree. Nothing of it is random.
func (l Boosting) fit(x [][]float64, y []bool, _ rand.Source) fitted {
	b := newBooster(encode(x, y, mostClasses))
	f := &boosted{gained: b.gained}
	for range l.Rounds {
		f.trees = append(f.trees, b.round())
	}
	return f
}

func (f *boosted) gains() []float64 { return f.gained }

// probabilities are log odds, which grow as the probability does.
func (f *boosted) probabilities(dst []float64, x [][]float64) []float64 {
	for _, row := range x {
		var sum float64
		for _, t := range f.trees {
			sum += t.value(row)
		}
		dst = append(dst, sum)
	}
	return dst
}

// cell is what the rows of one class of a column, or of a whole leaf, sum up to.
type cell struct {
	gradient, hessian float64
	rows              int
}

func (c cell) minus(other cell) cell {
	return cell{c.gradient - other.gradient, c.hessian - other.hessian, c.rows - other.rows}
}

// gain is by how much a step of the leaf lowers the loss, times two.
func (c cell) gain() float64 { return c.gradient * c.gradient / c.hessian }

// booster holds the state of the boosting.
type booster struct {
	table  *codedTable
	odds   []float64 // [rows] the sum of the trees so far
	slope  []cell    // [rows] of the log loss
	rows   []int32   // each leaf's rows adjacent
	spare  []int32
	starts []int     // [columns + 1] where the cells of a column begin in a histogram
	gained []float64 // [columns]
	free   [][]cell  // histograms that no leaf needs any more
}

func newBooster(t *codedTable) *booster {
	b := &booster{table: t, odds: make([]float64, t.rows), slope: make([]cell, t.rows), rows: make([]int32, t.rows), spare: make([]int32, t.rows),
		starts: []int{0}, gained: make([]float64, len(t.codes))}
	for j := range t.codes {
		b.starts = append(b.starts, b.starts[j]+len(t.lowest[j]))
	}
	var yes float64
	for _, label := range t.labels {
		if label {
			yes++
		}
	}
	if no := float64(t.rows) - yes; yes > 0 && no > 0 {
		for i := range b.odds {
			b.odds[i] = math.Log(yes / no)
		}
	}
	return b
}

// leaf is a leaf of a tree that grows.
type leaf struct {
	node     int32
	from, to int
	total    cell
	cells    []cell // its histogram, column behind column
	best     cut
}

// cut sends the classes of a column up to low left. Gain 0: the leaf stays one.
type cut struct {
	column, low int
	left        cell
	gain        float64
}

// round grows one tree and adds it to the odds.
func (b *booster) round() tree {
	root := leaf{to: len(b.rows)}
	for i, yes := range b.table.labels {
		p := 1 / (1 + math.Exp(-b.odds[i]))
		b.rows[i] = int32(i)
		b.slope[i] = cell{p - float64(class(yes)), p * (1 - p), 1}
		root.total = cell{root.total.gradient + b.slope[i].gradient, root.total.hessian + b.slope[i].hessian, i + 1}
	}
	root.cells = b.histogram(&root)
	root.best = b.bestCut(&root)
	t, leaves := tree{{}}, []leaf{root}
	for len(leaves) < mostLeaves {
		at := 0
		for i := range leaves {
			if leaves[i].best.gain > leaves[at].best.gain {
				at = i
			}
		}
		if leaves[at].best.gain <= 0 {
			break
		}
		left, right := b.split(&t, &leaves[at])
		leaves[at] = left
		leaves = append(leaves, right)
	}
	for _, l := range leaves {
		step := -learningRate * l.total.gradient / l.total.hessian
		t[l.node].leaf = step
		for _, row := range b.rows[l.from:l.to] {
			b.odds[row] += step
		}
		if l.cells != nil {
			b.free = append(b.free, l.cells)
		}
	}
	return t
}

// split makes a node of a leaf, with two leaves below.
func (b *booster) split(t *tree, l *leaf) (left, right leaf) {
	c := l.best
	b.gained[c.column] += c.gain
	middle := l.from + partition(b.rows[l.from:l.to], b.spare, b.table.codes[c.column], c.low)
	child := int32(len(*t))
	at := split{column: c.column, low: c.low, high: c.low + 1}
	(*t)[l.node] = node{threshold: at.threshold(b.table), column: int32(c.column), left: child, right: child + 1}
	*t = append(*t, node{}, node{})
	left = leaf{node: child, from: l.from, to: middle, total: c.left}
	right = leaf{node: child + 1, from: middle, to: l.to, total: l.total.minus(c.left)}
	small, large := &left, &right
	if small.total.rows > large.total.rows {
		small, large = large, small
	}
	if large.total.rows < 2*leastRows { // neither can be split: nobody looks
		b.free = append(b.free, l.cells)
		return left, right
	}
	small.cells = b.histogram(small)
	large.cells = l.cells // what remains of the node's is the other leaf's
	for i := range large.cells {
		large.cells[i] = large.cells[i].minus(small.cells[i])
	}
	left.best, right.best = b.bestCut(&left), b.bestCut(&right)
	return left, right
}

// histogram sums up the rows of a leaf by the classes of each column.
func (b *booster) histogram(l *leaf) []cell {
	var cells []cell
	if last := len(b.free) - 1; last >= 0 {
		cells, b.free = b.free[last], b.free[:last]
		clear(cells)
	} else {
		cells = make([]cell, b.starts[len(b.starts)-1])
	}
	for j, codes := range b.table.codes {
		column := cells[b.starts[j]:b.starts[j+1]]
		for _, row := range b.rows[l.from:l.to] {
			s, c := &b.slope[row], &column[codes[row]]
			c.gradient += s.gradient
			c.hessian += s.hessian
			c.rows++
		}
	}
	return cells
}

// bestCut is the cut of a leaf that gains most.
func (b *booster) bestCut(l *leaf) cut {
	var best cut
	if l.total.rows < 2*leastRows {
		return best
	}
	whole := l.total.gain()
	for j := range b.table.codes {
		var left cell
		for low, c := range l.cells[b.starts[j] : b.starts[j+1]-1] {
			if c.rows == 0 {
				continue // the same cut as the one before
			}
			left = cell{left.gradient + c.gradient, left.hessian + c.hessian, left.rows + c.rows}
			right := l.total.minus(left)
			if right.rows < leastRows || right.hessian < leastHessian {
				break
			}
			if left.rows < leastRows || left.hessian < leastHessian {
				continue
			}
			if gain := left.gain() + right.gain() - whole; gain > best.gain {
				best = cut{j, low, left, gain}
			}
		}
	}
	return best
}
