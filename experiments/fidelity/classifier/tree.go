package classifier

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// A histogram cell packs three counters: distinct rows, weight of the false
// class, weight of the true class. One addition counts a row.
const (
	cellBits = 21
	cellMask = 1<<cellBits - 1
)

// node is a split, or a leaf where left is 0 (the root is nobody's child).
type node struct {
	threshold   float64 // rows with a value up to it go left
	leaf        float64 // of a leaf: its part of the rows that are true, or its step
	column      int32
	left, right int32
}

type tree []node

// value is that of the leaf which a row falls into.
func (t tree) value(row []float64) float64 {
	n := &t[0]
	for n.left != 0 {
		if row[n.column] <= n.threshold {
			n = &t[n.left]
		} else {
			n = &t[n.right]
		}
	}
	return n.leaf
}

// grower holds the buffers of one worker.
type grower struct {
	table   *codedTable
	weight  []uint32 // [rows], times that a row was drawn
	cell    []uint64 // [rows], what the row adds to a histogram cell
	rows    []int32  // distinct rows drawn, each node's rows adjacent
	spare   []int32
	columns []int
	gained  []float64 // [columns], by how much splits have lowered the impurity, weighted by rows
	tried   int       // columns tried at a node: the square root of their number
	cells   [maxCodes]uint64
	used    [64]uint64 // bitmap of the cells that are not zero
}

func newGrower(t *codedTable) *grower {
	return &grower{
		table:   t,
		weight:  make([]uint32, t.rows),
		cell:    make([]uint64, t.rows),
		rows:    make([]int32, 0, t.rows),
		spare:   make([]int32, t.rows),
		columns: make([]int, len(t.codes)),
		gained:  make([]float64, len(t.codes)),
		tried:   max(1, int(math.Sqrt(float64(len(t.codes))))),
	}
}

// pending is a node whose rows [from, to) are still to be split.
type pending struct {
	node     int32
	from, to int
	total    uint64 // sum of the rows' cells
}

// grow makes a tree of a bootstrap of the rows.
func (g *grower) grow(rng *rand.Rand) tree {
	g.draw(rng)
	for i := range g.columns { // a tree must not depend on the one before
		g.columns[i] = i
	}
	t := tree{{}}
	stack := []pending{{0, 0, len(g.rows), g.total()}}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		best := g.bestSplit(p, rng)
		if best.column < 0 {
			t[p.node].leaf = trueWeight(p.total)
			continue
		}
		middle := p.from + partition(g.rows[p.from:p.to], g.spare, g.table.codes[best.column], best.low)
		g.gained[best.column] += best.gain - gini(p.total)
		left := int32(len(t))
		t[p.node] = node{threshold: best.threshold(g.table), column: int32(best.column), left: left, right: left + 1}
		t = append(t, node{}, node{})
		stack = append(stack, pending{left + 1, middle, p.to, p.total - best.left}, pending{left, p.from, middle, best.left})
	}
	return t
}

// draw takes the bootstrap: as many rows as there are, with replacement.
func (g *grower) draw(rng *rand.Rand) {
	clear(g.weight)
	for range g.table.rows {
		g.weight[rng.IntN(g.table.rows)]++
	}
	g.rows = g.rows[:0]
	for i, w := range g.weight {
		if w == 0 {
			continue
		}
		g.rows = append(g.rows, int32(i))
		shift := cellBits
		if g.table.labels[i] {
			shift = 2 * cellBits
		}
		g.cell[i] = 1 | uint64(w)<<shift
	}
}

// total is the sum of the cells of all rows drawn.
func (g *grower) total() uint64 {
	var sum uint64
	for _, row := range g.rows {
		sum += g.cell[row]
	}
	return sum
}

// trueWeight is the weight of the true class among the rows that a cell counts,
// as a fraction of both classes' weight.
func trueWeight(cell uint64) float64 {
	no, yes := float64(cell>>cellBits&cellMask), float64(cell>>(2*cellBits))
	return yes / (no + yes)
}

// split sends the classes up to low left and those from high on right; no row
// of the node lies between. Column -1: the node is a leaf.
type split struct {
	column    int
	low, high int
	gain      float64
	left      uint64 // sum of the cells that go left
}

func (s split) threshold(t *codedTable) float64 {
	low, high := t.most[s.column][s.low], t.lowest[s.column][s.high]
	if middle := low + (high-low)/2; middle < high {
		return middle
	}
	return low
}

// bestSplit tries so many columns drawn without replacement, and goes on
// while all that it saw are constant in this node.
func (g *grower) bestSplit(p pending, rng *rand.Rand) split {
	best := split{column: -1}
	rows := int(p.total & cellMask)
	if weight := trueWeight(p.total); rows < 2*minLeaf || weight == 0 || weight == 1 {
		return best
	}
	constant := true
	for i := range g.columns {
		if i >= g.tried && !constant {
			break
		}
		j := i + rng.IntN(len(g.columns)-i)
		g.columns[i], g.columns[j] = g.columns[j], g.columns[i]
		column := g.columns[i]
		summary := g.fill(p, column)
		if summary&(summary-1) != 0 || g.used[bits.TrailingZeros64(summary)]&(g.used[bits.TrailingZeros64(summary)]-1) != 0 {
			constant = false
		}
		g.scan(&best, column, summary, p.total)
	}
	return best
}

// fill adds the node's rows to the histogram of a column and returns the bitmap
// of the words of g.used that are not zero. Columns of at most 64 classes, like
// directions and flags, need one word, which then stays in a register.
func (g *grower) fill(p pending, column int) uint64 {
	codes := g.table.codes[column]
	if len(g.table.lowest[column]) <= 64 {
		var word uint64
		for _, row := range g.rows[p.from:p.to] {
			code := codes[row] % 64
			g.cells[code] += g.cell[row]
			word |= 1 << code
		}
		g.used[0] = word
		return 1
	}
	var summary uint64
	for _, row := range g.rows[p.from:p.to] {
		code := codes[row] % maxCodes
		g.cells[code] += g.cell[row]
		g.used[code>>6] |= 1 << (code & 63)
		summary |= 1 << (code >> 6)
	}
	return summary
}

// scan walks the classes in use from the lowest, clears them, and keeps the
// split that lowers the Gini impurity most: the one with the greatest
// (l0^2+l1^2)/(l0+l1) + (r0^2+r1^2)/(r0+r1).
func (g *grower) scan(best *split, column int, summary, total uint64) {
	var left uint64
	previous := -1
	rows := int(total & cellMask)
	for summary != 0 {
		word := bits.TrailingZeros64(summary)
		summary &= summary - 1
		for set := g.used[word]; set != 0; set &= set - 1 {
			code := word<<6 | bits.TrailingZeros64(set)
			if n := int(left & cellMask); previous >= 0 && n >= minLeaf && rows-n >= minLeaf {
				if gain := gini(left) + gini(total-left); gain > best.gain {
					*best = split{column, previous, code, gain, left}
				}
			}
			left += g.cells[code]
			g.cells[code] = 0
			previous = code
		}
		g.used[word] = 0
	}
}

// gini is the sum of the squared class weights of a cell over their sum.
func gini(cell uint64) float64 {
	no, yes := float64(cell>>cellBits&cellMask), float64(cell>>(2*cellBits))
	return (no*no + yes*yes) / (no + yes)
}

// partition puts the rows of a node whose class in a column is low or less before the
// others, in order, and returns how many they are. spare has room for as many rows.
func partition(rows, spare []int32, codes []uint16, low int) int {
	left, right := 0, 0
	for _, row := range rows {
		if int(codes[row]) <= low {
			rows[left] = row
			left++
		} else {
			spare[right] = row
			right++
		}
	}
	copy(rows[left:], spare[:right])
	return left
}
