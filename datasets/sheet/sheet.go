// Package sheet reads CSV files (RFC 4180) row by row, cells by the names of their
// columns. A row that cannot be read is an error of its own, and reading goes on.
package sheet

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

// Unwrap is the cause.
func (e *RowError) Unwrap() error { return e.Err }

// RecordNumber is Number: the error belongs to one row, not to the file.
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
	s := &Reader{in: in, pkg: pkg, name: name, index: make(map[string]int), number: -1}
	for i, column := range header {
		column = strings.Clone(strings.TrimPrefix(column, "\ufeff"))
		s.Header = append(s.Header, column)
		s.index[column] = i
	}
	for _, column := range required {
		if !s.Has(column) {
			return nil, fmt.Errorf("%s: %s: column %s is missing; there are %s", pkg, name, column, strings.Join(s.Header, ", "))
		}
	}
	return s, nil
}

// Next takes the next row: io.EOF behind the last, a *RowError for one that is
// damaged, behind which reading goes on.
func (s *Reader) Next() error {
	row, err := s.in.Read()
	if err == io.EOF {
		return io.EOF
	}
	s.number++
	if err == nil {
		s.row = row
		return nil
	}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &RowError{s.pkg, s.name, parse.Line, s.number, parse.Err}
	}
	return fmt.Errorf("%s: %s: %w", s.pkg, s.name, err)
}

// Number is the current row's, from 0.
func (s *Reader) Number() int64 { return s.number }

// Wrong is the error of the current row.
func (s *Reader) Wrong(err error) error {
	line, _ := s.in.FieldPos(0)
	return &RowError{s.pkg, s.name, line, s.number, err}
}

// Has reports whether the file has a column.
func (s *Reader) Has(column string) bool {
	_, ok := s.index[column]
	return ok
}

// Text is the cell of a column, empty where the file has no such column. It is
// valid until the next row.
func (s *Reader) Text(column string) string {
	if i, ok := s.index[column]; ok && i < len(s.row) {
		return s.row[i]
	}
	return ""
}
