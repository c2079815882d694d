// Package frame looks into tables with a few verbs: captures, tables of packets and flows
// and any flat Parquet, Arrow or CSV file become a [Frame], which is filtered, sorted and
// grouped column by column.
//
//	Packets, Flows, Read   a frame of a stream or of a file
//	Filter, Select, Head   fewer rows or columns
//	Sort, Descending       rows in another order
//	Group                  sums of groups of rows: Count, Sum, Mean, Quantile
//	Floats, Texts          the values of a column, for figures and models
//	Write                  a file, as Parquet for pandas, R or DuckDB
//
// Verbs follow each other, as in
//
//	f.Filter("application", "=", "HTTP").Group("direction").Count().Mean("length")
//
// A verb that fails, for a column that is not there, makes a frame without rows that keeps
// the error: every verb after it returns it again, and [Frame.Err] reports it.
//
// The columns are those of package table, which keeps the types of the file. No data-frame
// library for Go was found that builds on Arrow and is kept, and Arrow's own module for Go
// does not group rows; the verbs are those that the notebooks needed.
package frame

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
)

// Frame is a table in memory. Verbs return new frames, which share values with the old.
type Frame struct {
	columns []table.Column
	err     error
}

// New returns a frame of columns, which all have as many rows. The error, of whatever made
// the columns, is kept.
func New(columns []table.Column, err error) *Frame {
	for _, c := range columns {
		if err == nil && c.Len() != columns[0].Len() {
			err = fmt.Errorf("frame: column %s has %d rows, column %s has %d: want as many", c.Name(), c.Len(), columns[0].Name(), columns[0].Len())
		}
	}
	if err != nil {
		return &Frame{err: err}
	}
	return &Frame{columns: columns}
}

// Read reads a whole table; the ending of path gives its format.
func Read(path string) *Frame { return New(table.ReadColumns(path)) }

// Packets gathers a stream of packets, a row each. Damaged records of a capture are left
// out.
func Packets(packets iter.Seq2[flow.Packet, error]) *Frame { return New(table.PacketColumns(packets)) }

// Flows gathers rows of flows, as flow.Assembler.Table gives them.
func Flows(rows iter.Seq2[flow.TableRow, error]) *Frame { return New(table.FlowColumns(rows)) }

// Rows gathers rows of numbers, a value for each name; their memory may be reused. Damaged
// records are left out.
func Rows(names []string, rows iter.Seq2[[]float64, error]) *Frame {
	values := make([][]float64, len(names))
	for row, err := range rows {
		if flow.IsRecordError(err) {
			continue
		}
		if err != nil {
			return &Frame{err: err}
		}
		for i := range values {
			values[i] = append(values[i], row[i])
		}
	}
	columns := make([]table.Column, len(names))
	for i, name := range names {
		columns[i] = table.Numbers(name, values[i])
	}
	return New(columns, nil)
}

// Err returns the first error of the verbs that made the frame, nil if there was none.
func (f *Frame) Err() error { return f.err }

// Len returns the number of rows.
func (f *Frame) Len() int {
	if len(f.columns) == 0 {
		return 0
	}
	return f.columns[0].Len()
}

// Columns returns the names of the columns.
func (f *Frame) Columns() []string {
	names := make([]string, len(f.columns))
	for i, c := range f.columns {
		names[i] = c.Name()
	}
	return names
}

// column returns a column by its name; the error lists the names.
func (f *Frame) column(name string) (table.Column, error) {
	if f.err != nil {
		return table.Column{}, f.err
	}
	i := slices.IndexFunc(f.columns, func(c table.Column) bool { return c.Name() == name })
	if i < 0 {
		return table.Column{}, fmt.Errorf("frame: no column %q: want one of %s", name, strings.Join(f.Columns(), ", "))
	}
	return f.columns[i], nil
}

// Floats returns the values of a column as numbers: times in seconds since 1970-01-01 UTC,
// not a number where one is missing.
func (f *Frame) Floats(name string) ([]float64, error) {
	c, err := f.column(name)
	if err != nil {
		return nil, err
	}
	return c.Floats()
}

// Texts returns the values of a column as text.
func (f *Frame) Texts(name string) ([]string, error) {
	c, err := f.column(name)
	if err != nil {
		return nil, err
	}
	texts := make([]string, c.Len())
	for i := range texts {
		texts[i] = c.Text(i)
	}
	return texts, nil
}

// Select returns the frame with these columns alone, in this order.
func (f *Frame) Select(names ...string) *Frame {
	columns := make([]table.Column, len(names))
	for i, name := range names {
		var err error
		if columns[i], err = f.column(name); err != nil {
			return &Frame{err: err}
		}
	}
	return &Frame{columns: columns}
}

// With returns the frame with one more column, which has as many rows, or with another one
// in the place of that of the same name.
func (f *Frame) With(c table.Column) *Frame {
	if f.err != nil {
		return f
	}
	columns := slices.DeleteFunc(slices.Clone(f.columns), func(other table.Column) bool { return other.Name() == c.Name() })
	return New(append(columns, c), nil)
}

// Head returns the first n rows, or all if there are fewer.
func (f *Frame) Head(n int) *Frame {
	rows := make([]int, max(0, min(n, f.Len())))
	for i := range rows {
		rows[i] = i
	}
	return f.take(rows)
}

// take returns the frame's rows of these numbers.
func (f *Frame) take(rows []int) *Frame {
	out := &Frame{err: f.err, columns: make([]table.Column, len(f.columns))}
	for i, c := range f.columns {
		out.columns[i] = c.Take(rows)
	}
	return out
}
