package frame

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"github.com/necstgen/necstgen/datasets/table"
)

// Groups are the groups of a frame's rows. They are a frame themselves: a row a group, with
// the columns that they were made by and one more for each of Count, Sum, Mean and Quantile
// that was called.
type Groups struct {
	*Frame
	of   *Frame
	rows [][]int // of each group
}

// Group gathers the rows that have the same values in the given columns, in the order in
// which the groups first appear. Without a column all rows are one group.
func (f *Frame) Group(by ...string) *Groups {
	keys := f.Select(by...)
	if f.err != nil {
		keys = f
	}
	if keys.err != nil {
		return &Groups{Frame: keys, of: f}
	}
	of := make([]int, f.Len()) // the group of each row
	for _, c := range keys.columns {
		codes := codesOf(c)
		numbers := make(map[[2]int]int)
		for row, code := range codes {
			of[row] = codeOf(numbers, [2]int{of[row], code})
		}
	}
	g := &Groups{of: f}
	var first []int
	for row, group := range of {
		if group == len(g.rows) {
			g.rows, first = append(g.rows, nil), append(first, row)
		}
		g.rows[group] = append(g.rows[group], row)
	}
	g.Frame = keys.take(first)
	return g
}

// codesOf numbers the different values of a column in the order of their first rows.
func codesOf(c table.Column) []int {
	codes := make([]int, c.Len())
	texts := make(map[string]int)
	for row := range codes {
		codes[row] = codeOf(texts, c.Text(row))
	}
	return codes
}

// codeOf returns the number of a key, a new one for a new key.
func codeOf[K comparable](codes map[K]int, key K) int {
	code, ok := codes[key]
	if !ok {
		code = len(codes)
		codes[key] = code
	}
	return code
}

// Parts returns the rows of each group as frames, in the order of the groups.
func (g *Groups) Parts() []*Frame {
	parts := make([]*Frame, len(g.rows))
	for i, rows := range g.rows {
		parts[i] = g.of.take(rows)
	}
	return parts
}

// Count adds the column "count", the number of rows.
func (g *Groups) Count() *Groups {
	counts := make([]int64, len(g.rows))
	for i, rows := range g.rows {
		counts[i] = int64(len(rows))
	}
	return g.with(table.Integers("count", counts))
}

// Sum adds the column NAME_sum.
func (g *Groups) Sum(column string) *Groups {
	return g.reduce(column, "sum", func(values []float64) float64 {
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum
	})
}

// Mean adds the column NAME_mean. Numbers that are missing are left out of it, as they are
// of Sum and Quantile; without one left it is missing, too.
func (g *Groups) Mean(column string) *Groups {
	return g.reduce(column, "mean", func(values []float64) float64 { return stat.Mean(values, nil) })
}

// Quantile adds the column NAME_q, as in length_0.99: the least value that at least the
// proportion q of the values do not exceed. Quantile 0 is the least value, 1 the greatest.
func (g *Groups) Quantile(column string, q float64) *Groups {
	if !(q >= 0 && q <= 1) {
		return &Groups{Frame: &Frame{err: fmt.Errorf("frame: quantile %v of %s: want a number from 0 to 1", q, column)}, of: g.of}
	}
	return g.reduce(column, strconv.FormatFloat(q, 'g', -1, 64), func(values []float64) float64 {
		if len(values) == 0 {
			return math.NaN()
		}
		slices.Sort(values)
		return stat.Quantile(q, stat.Empirical, values, nil)
	})
}

// reduce adds a column with one number of each group's values.
func (g *Groups) reduce(column, what string, number func(values []float64) float64) *Groups {
	if g.err != nil {
		return g
	}
	values, err := g.of.Floats(column)
	if err != nil {
		return &Groups{Frame: &Frame{err: err}, of: g.of}
	}
	numbers := make([]float64, len(g.rows))
	for i, rows := range g.rows {
		var known []float64
		for _, row := range rows {
			if v := values[row]; !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		numbers[i] = number(known)
	}
	return g.with(table.Numbers(column+"_"+what, numbers))
}

// with returns the groups with one more column.
func (g *Groups) with(c table.Column) *Groups {
	if g.err != nil {
		return g
	}
	return &Groups{Frame: &Frame{columns: append(slices.Clone(g.columns), c)}, of: g.of, rows: g.rows}
}
