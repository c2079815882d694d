package necstgencsv

import (
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strconv"

	"github.com/necstgen/necstgen/datasets/csvrows"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/table"
)

// numbers is a table of numbers. An empty cell is not a number, and the code rate 4/5
// is 5.
type numbers struct {
	name    string
	columns []string
	index   map[string]int
	line    int                         // of the first row: 2 in a CSV file, 1 in any other
	rows    iter.Seq2[[]float64, error] // a slice is valid until the next; a *RowError stands for its row
}

// newNumbers makes a table of its columns and rows.
func newNumbers(name string, columns []string, rows iter.Seq2[[]float64, error]) *numbers {
	n := &numbers{name: name, columns: columns, index: make(map[string]int, len(columns)), line: 1, rows: rows}
	for i, column := range columns {
		n.index[column] = i
	}
	return n
}

// has reports whether there is a column.
func (n *numbers) has(column string) bool {
	_, ok := n.index[column]
	return ok
}

// at returns the column's value in a row, not a number where there is no such column.
func (n *numbers) at(row []float64, column string) float64 {
	if i, ok := n.index[column]; ok {
		return row[i]
	}
	return math.NaN()
}

// within returns the column's value in a row: a number from lo to hi. A column that
// the table lacks is 0.
func (n *numbers) within(row []float64, column string, lo, hi float64) (float64, error) {
	if !n.has(column) {
		return 0, nil
	}
	v := n.at(row, column)
	if math.IsNaN(v) {
		return 0, fmt.Errorf("column %s has no value", column)
	}
	if !(v >= lo && v <= hi) {
		return 0, fmt.Errorf("column %s: %v is out of range: want %g to %g", column, v, lo, hi)
	}
	return v, nil
}

// require returns an error for the first of the columns that the table lacks.
func (n *numbers) require(columns ...string) error {
	for _, column := range columns {
		if !n.has(column) {
			return fmt.Errorf("necstgencsv: %s: column %s is missing; there are %v", n.name, column, n.columns)
		}
	}
	return nil
}

// wrong makes an error of a row, counted from 0.
func (n *numbers) wrong(row int64, err error) error {
	return &RowError{Package: "necstgencsv", Name: n.name, Line: int(row) + n.line, Number: row, Err: err}
}

// csvColumns returns the names of a CSV file's columns.
func csvColumns(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := csvrows.Open(f, "necstgencsv", path)
	if err != nil {
		return nil, err
	}
	return r.Header, nil
}

// openNumbers opens a file of numbers, which can be read again.
func openNumbers(path string, binary bool) (*numbers, error) {
	if binary {
		t, err := table.ReadFeatures(path)
		if err != nil {
			return nil, fmt.Errorf("necstgencsv: %w", err)
		}
		return newNumbers(path, t.Names, t.Rows), nil
	}
	columns, err := csvColumns(path)
	if err != nil {
		return nil, err
	}
	n := newNumbers(path, columns, func(yield func([]float64, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, fmt.Errorf("necstgencsv: %w", err))
			return
		}
		defer f.Close()
		n, err := csvNumbers(f, path)
		if err != nil {
			yield(nil, err)
			return
		}
		n.rows(yield)
	})
	n.line = 2
	return n, nil
}

// csvNumbers reads a CSV file of numbers, once.
func csvNumbers(r io.Reader, name string) (*numbers, error) {
	s, err := openRows(r, name)
	if err != nil {
		return nil, err
	}
	n := newNumbers(name, s.Header, func(yield func([]float64, error) bool) {
		row := make([]float64, len(s.Header))
		for {
			err := s.Next()
			if err == io.EOF {
				return
			}
			if err == nil {
				if err = s.parse(row); err != nil {
					err = s.Wrong(err)
				}
			}
			if !yield(row, err) || err != nil && !isRow(err) {
				return
			}
		}
	})
	n.line = 2
	return n, nil
}

// parse reads the cells of the current row.
func (s *rows) parse(row []float64) error {
	for i, column := range s.Header {
		text := s.Text(column)
		if text == "" {
			row[i] = math.NaN()
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			if v, err = feature.CodeRateDomain.Value(text); err != nil {
				return fmt.Errorf("column %s: %q is no number", column, text)
			}
		}
		row[i] = v
	}
	return nil
}
