// Package csvrows reads CSV files (RFC 4180) row by row, cells by the names of their
// columns.
//
// [Open] reads the header line and returns a [Reader], whose Next takes one row
// after the other and whose Text gives the cells of the current one. A row that
// cannot be read is a [RowError], and reading goes on behind it.
package csvrows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// RowError is a row that could not be read. It stands in the stream in the row's
// place, and reading goes on.
type RowError struct {
	Package string // that reads the file, for the message
	Name    string // of the file, as given to the reader
	Line    int    // from 1, the header line included
	Number  int64  // of the row, from 0
	Err     error
}

// Error names the file and the line.
func (e *RowError) Error() string {
	return fmt.Sprintf("%s: %s:%d: %v", e.Package, e.Name, e.Line, e.Err)
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// RecordNumber returns Number: the error belongs to one row, not to the file.
func (e *RowError) RecordNumber() int64 { return e.Number }

// Reader reads the rows of one file.
type Reader struct {
	Header []string // the columns' names, in order

	in        *csv.Reader
	pkg, name string
	index     map[string]int
	row       []string
	number    int64
}

// Open reads the header line. The package that reads and the file's name appear in
// errors. A required column that is missing is an error.
func Open(r io.Reader, pkg, name string, required ...string) (*Reader, error) {
	in := csv.NewReader(bufio.NewReaderSize(r, 1<<16))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("no header line")
		}
		return nil, fmt.Errorf("%s: %s: %w", pkg, name, err)
	}
	rows := &Reader{in: in, pkg: pkg, name: name, index: make(map[string]int), number: -1}
	for i, column := range header {
		column = strings.Clone(strings.TrimPrefix(column, "\ufeff"))
		rows.Header = append(rows.Header, column)
		rows.index[column] = i
	}
	for _, column := range required {
		if !rows.Has(column) {
			return nil, fmt.Errorf("%s: %s: column %s is missing; there are %s", pkg, name, column, strings.Join(rows.Header, ", "))
		}
	}
	return rows, nil
}

// Next takes the next row. It returns io.EOF behind the last one, and a *RowError
// for one that is damaged, behind which reading goes on.
func (r *Reader) Next() error {
	row, err := r.in.Read()
	if err == io.EOF {
		return io.EOF
	}
	r.number++
	if err == nil {
		r.row = row
		return nil
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return &RowError{r.pkg, r.name, parse.Line, r.number, parse.Err}
	}
	return fmt.Errorf("%s: %s: %w", r.pkg, r.name, err)
}

// Number returns the current row's number, from 0.
func (r *Reader) Number() int64 { return r.number }

// Wrong makes an error of the current row.
func (r *Reader) Wrong(err error) error {
	line, _ := r.in.FieldPos(0)
	return &RowError{r.pkg, r.name, line, r.number, err}
}

// Has reports whether the file has a column.
func (r *Reader) Has(column string) bool {
	_, ok := r.index[column]
	return ok
}

// Text returns the cell of a column, empty where the file has no such column. It is
// valid until the next row.
func (r *Reader) Text(column string) string {
	if i, ok := r.index[column]; ok && i < len(r.row) {
		return r.row[i]
	}
	return ""
}
