package table

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/apache/arrow/go/v15/arrow"
)

// featureBatch is rows of numbers as columns.
type featureBatch struct {
	n      int
	fields []field
	values []any // []float64, []int64 or []int32, as the fields' kinds
}

func newFeatureBatch(fields []field) *featureBatch {
	b := &featureBatch{fields: fields, values: make([]any, len(fields))}
	for i, f := range fields {
		switch f.kind {
		case kindInt64:
			b.values[i] = make([]int64, 0, batchRows)
		case kindInt32:
			b.values[i] = make([]int32, 0, batchRows)
		default:
			b.values[i] = make([]float64, 0, batchRows)
		}
	}
	return b
}

func (b *featureBatch) add(row []float64) {
	for i, v := range row {
		switch values := b.values[i].(type) {
		case []int64:
			values = values[:b.n+1]
			values[b.n] = int64(v)
		case []int32:
			values = values[:b.n+1]
			values[b.n] = int32(v)
		case []float64:
			values = values[:b.n+1]
			values[b.n] = v
		}
	}
	b.n++
}

func (b *featureBatch) rows() int { return b.n }

func (b *featureBatch) columns() []column {
	columns := make([]column, len(b.fields))
	for i, f := range b.fields {
		columns[i].name = f.name
		switch values := b.values[i].(type) {
		case []int64:
			columns[i].values = values[:b.n]
		case []int32:
			columns[i].values = values[:b.n]
		case []float64:
			columns[i].values = values[:b.n]
		}
	}
	return columns
}

func (b *featureBatch) reset() { b.n = 0 }

// featureWriter writes rows of numbers.
type featureWriter struct {
	pipe *batchPipe[*featureBatch]
}

func newFeatureWriter(w io.Writer, format Format, fields []field) (*featureWriter, error) {
	pipe, err := newTable(w, format, fields, func() *featureBatch { return newFeatureBatch(fields) })
	if err != nil {
		return nil, err
	}
	return &featureWriter{pipe}, nil
}

func (w *featureWriter) write(row []float64) error {
	b := w.pipe.filled
	if len(row) != len(b.fields) {
		return fmt.Errorf("table: row of %d values: want %d, one for each column", len(row), len(b.fields))
	}
	if b.add(row); b.n < batchRows {
		return nil
	}
	return w.pipe.pass()
}

// WriteFeatures writes a table of float64 columns. Each row holds one value per
// name; its memory may be reused. Not a number is an empty cell in CSV. Damaged
// rows (errors with a RecordNumber method) are left out; any other error ends the
// table after the rows before it, and is returned.
func WriteFeatures(w io.Writer, format Format, names []string, rows iter.Seq2[[]float64, error]) error {
	fields := make([]field, len(names))
	for i, name := range names {
		fields[i] = field{name, kindFloat64}
	}
	out, err := newFeatureWriter(w, format, fields)
	if err != nil {
		return err
	}
	return writeAll(rows, func(row *[]float64) error { return out.write(*row) }, out.pipe.close)
}

// Columns are the names of a table's columns; the ending of path gives its format.
func Columns(path string) ([]string, error) {
	in, err := openBatches(path, nil)
	if err != nil {
		return nil, err
	}
	defer in.close()
	var names []string
	for _, f := range in.fields() {
		names = append(names, f.name)
	}
	return names, nil
}

// Features are the columns of a table and its rows. Rows opens the file when it
// is read and can be read again; the slice of a row is valid until the next.
type Features struct {
	Names []string
	Rows  iter.Seq2[[]float64, error]
}

// ReadFeatures reads a table whose columns are all numbers; the ending of path
// gives its format. Whole numbers and truth values are given as float64.
func ReadFeatures(path string) (*Features, error) {
	in, err := openBatches(path, nil)
	if err != nil {
		return nil, err
	}
	defer in.close()
	f := &Features{}
	for _, field := range in.fields() {
		if field.kind == kindText {
			return nil, fmt.Errorf("table: %s: column %s holds text: want numbers", path, field.name)
		}
		f.Names = append(f.Names, field.name)
	}
	f.Rows = func(yield func([]float64, error) bool) {
		in, err := openBatches(path, nil)
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.close()
		for {
			columns, rows, err := in.next()
			if err == io.EOF {
				return
			}
			if err == nil {
				err = yieldRows(columns, rows, yield)
			}
			if errors.Is(err, errStop) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
	return f, nil
}

func yieldRows(columns []column, rows int, yield func([]float64, error) bool) error {
	values := make([][]float64, len(columns))
	var err error
	for i, c := range columns {
		if values[i], err = floats(c); err != nil {
			return err
		}
	}
	row := make([]float64, len(columns))
	for r := range rows {
		for i := range values {
			row[i] = values[i][r]
		}
		if !yield(row, nil) {
			return errStop
		}
	}
	return nil
}

// arrowFields returns for each column whether it is text; the exact type of a
// number follows with its values.
func arrowFields(schema *arrow.Schema) []field {
	fields := make([]field, schema.NumFields())
	for i, f := range schema.Fields() {
		fields[i] = field{f.Name, kindFloat64}
		switch f.Type.ID() {
		case arrow.STRING, arrow.LARGE_STRING, arrow.DICTIONARY:
			fields[i].kind = kindText
		}
	}
	return fields
}
