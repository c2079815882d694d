package table

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/apache/arrow/go/v15/arrow"
)

// WriteFeatures writes a table of float64 columns. Each row holds one value per
// name; its memory may be reused. Not a number is an empty cell in CSV. Damaged
// rows (errors with a RecordNumber method) are left out; any other error ends the
// table after the rows before it, and is returned.
func WriteFeatures(w io.Writer, format Format, names []string, rows iter.Seq2[[]float64, error]) error {
	fields := make([]field, len(names))
	columns := make([]column, len(names))
	values := make([][]float64, len(names))
	for i, name := range names {
		fields[i] = field{name, kindFloat64}
	}
	out, err := newWriter(w, format, fields)
	if err != nil {
		return err
	}
	flush := func() error {
		n := len(values[0])
		for i := range values {
			columns[i] = column{names[i], values[i]}
		}
		err := out.write(columns, n)
		for i := range values {
			values[i] = values[i][:0]
		}
		return err
	}
	var ended error
	for row, err := range rows {
		if err != nil {
			if isRecord(err) {
				continue
			}
			ended = err
			break
		}
		if len(row) != len(names) {
			return fmt.Errorf("table: row of %d values: want %d, one for each column", len(row), len(names))
		}
		for i, v := range row {
			values[i] = append(values[i], v)
		}
		if len(values) > 0 && len(values[0]) >= BatchRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(values) > 0 && len(values[0]) > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	return errors.Join(ended, out.close())
}

// Features are the columns of a table and its rows. Rows opens the file when it
// is read and can be read again; the slice of a row is valid until the next.
type Features struct {
	Names []string
	Rows  iter.Seq2[[]float64, error]
}

// ReadFeatures reads a table whose columns are all numbers; the ending of path
// tells its format. Whole numbers and truth values are given as float64.
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

// arrowFields tells of each column whether it is text; the exact type of a
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
