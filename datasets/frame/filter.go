package frame

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/table"
)

// relations are what Filter takes between a column and a value: whether the result of
// cmp.Compare of both satisfies it.
var relations = map[string]func(int) bool{
	"=": func(c int) bool { return c == 0 }, "!=": func(c int) bool { return c != 0 },
	"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
	">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
}

// Filter returns the rows whose value in a column has a relation to the given one: =, !=, <,
// <=, > or >=. Text is compared with text, letter by letter; numbers with numbers; times
// with a time.Time or a text in RFC 3339. A number that is missing has no relation.
func (f *Frame) Filter(column, relation string, value any) *Frame {
	c, err := f.column(column)
	if err != nil {
		return &Frame{err: err}
	}
	holds, ok := relations[relation]
	if !ok {
		return &Frame{err: fmt.Errorf("frame: relation %q: want =, !=, <, <=, > or >=", relation)}
	}
	compare, err := comparer(c, value)
	if err != nil {
		return &Frame{err: err}
	}
	var rows []int
	for i := range c.Len() {
		if order, known := compare(i); known && holds(order) {
			rows = append(rows, i)
		}
	}
	return f.take(rows)
}

// comparer returns a function that compares a row of a column with a value, and reports
// whether the row has one.
func comparer(c table.Column, value any) (func(row int) (order int, known bool), error) {
	if c.IsText() {
		want := fmt.Sprint(value)
		return func(row int) (int, bool) { return strings.Compare(c.Text(row), want), true }, nil
	}
	want, err := number(c, value)
	if err != nil {
		return nil, err
	}
	values, err := c.Floats()
	return func(row int) (int, bool) { return cmp.Compare(values[row], want), !math.IsNaN(values[row]) }, err
}

// number returns a value that a column of numbers or times is compared with.
func number(c table.Column, value any) (float64, error) {
	switch v := value.(type) {
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case bool:
		return map[bool]float64{true: 1}[v], nil
	case time.Time:
		return float64(v.UnixNano()) / 1e9, nil
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil && c.IsTime() {
			return float64(t.UnixNano()) / 1e9, nil
		}
	}
	want := "a number"
	if c.IsTime() {
		want = "a time.Time or a text like 2026-01-31T12:00:00Z"
	}
	return 0, fmt.Errorf("frame: column %s is compared with %v: want %s", c.Name(), value, want)
}

// Sort returns the rows in the order of a column, the least first. Rows with equal values
// keep their order, and numbers that are missing come last.
func (f *Frame) Sort(column string) *Frame { return f.sorted(column, 1) }

// Descending is Sort with the greatest first.
func (f *Frame) Descending(column string) *Frame { return f.sorted(column, -1) }

// sorted sorts rows by a column, in the given direction.
func (f *Frame) sorted(column string, direction int) *Frame {
	c, err := f.column(column)
	if err != nil {
		return &Frame{err: err}
	}
	rows := make([]int, c.Len())
	for i := range rows {
		rows[i] = i
	}
	if c.IsText() {
		slices.SortStableFunc(rows, func(a, b int) int { return direction * strings.Compare(c.Text(a), c.Text(b)) })
		return f.take(rows)
	}
	values, err := c.Floats()
	if err != nil {
		return &Frame{err: err}
	}
	slices.SortStableFunc(rows, func(a, b int) int {
		if missing, other := math.IsNaN(values[a]), math.IsNaN(values[b]); missing || other {
			return cmp.Compare(map[bool]int{true: 1}[missing], map[bool]int{true: 1}[other])
		}
		return direction * cmp.Compare(values[a], values[b])
	})
	return f.take(rows)
}
