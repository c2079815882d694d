package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

type csvWriter struct {
	out *bufio.Writer
	row []byte
}

func newCSVWriter(w io.Writer, fields []field) (*csvWriter, error) {
	c := &csvWriter{out: bufio.NewWriterSize(w, 1<<16)}
	for i, f := range fields {
		if i > 0 {
			c.row = append(c.row, ',')
		}
		c.row = appendText(c.row, f.name)
	}
	if _, err := c.out.Write(append(c.row, '\n')); err != nil {
		return nil, fmt.Errorf("table: csv: %w", err)
	}
	return c, nil
}

func (c *csvWriter) write(columns []column, rows int) error {
	for i := range columns {
		switch values := columns[i].values.(type) {
		case enumColumn:
			columns[i].values = values.dictionary()
		case nullColumn:
			columns[i].values = values.values()
		}
	}
	for row := range rows {
		c.row = c.row[:0]
		for i := range columns {
			if i > 0 {
				c.row = append(c.row, ',')
			}
			c.row = appendCell(c.row, columns[i].values, row)
		}
		c.row = append(c.row, '\n')
		if _, err := c.out.Write(c.row); err != nil {
			return fmt.Errorf("table: csv: %w", err)
		}
	}
	return nil
}

func (c *csvWriter) close() error {
	if err := c.out.Flush(); err != nil {
		return fmt.Errorf("table: csv: %w", err)
	}
	return nil
}

func appendCell(dst []byte, values any, row int) []byte {
	switch values := values.(type) {
	case []int64:
		return strconv.AppendInt(dst, values[row], 10)
	case []int32:
		return strconv.AppendInt(dst, int64(values[row]), 10)
	case []uint32:
		return strconv.AppendUint(dst, uint64(values[row]), 10)
	case []uint16:
		return strconv.AppendUint(dst, uint64(values[row]), 10)
	case []uint8:
		return strconv.AppendUint(dst, uint64(values[row]), 10)
	case []bool:
		return strconv.AppendBool(dst, values[row])
	case []float64:
		if math.IsNaN(values[row]) {
			return dst
		}
		return strconv.AppendFloat(dst, values[row], 'g', -1, 64)
	case timeColumn:
		return time.Unix(0, values[row]).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z07:00")
	case dictionaryColumn:
		return appendText(dst, values.list[values.index[row]])
	}
	return dst
}

// appendText quotes a text where RFC 4180 asks for it.
func appendText(dst []byte, text string) []byte {
	if !strings.ContainsAny(text, ",\"\r\n") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}

// csvReader reads a CSV file as batches. Columns that kinds does not name are
// left out, unless every column is read as the kind rest.
type csvReader struct {
	in      *csv.Reader
	columns []csvColumn
}

type csvColumn struct {
	index int // of the cell
	field
	parse func(text string) error
	take  func() any
}

func newCSVReader(r io.Reader, kinds map[string]kind, all bool) (*csvReader, error) {
	in := csv.NewReader(bufio.NewReaderSize(r, 1<<16))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("no header line")
		}
		return nil, err
	}
	c := &csvReader{in: in}
	for i, name := range header {
		k, ok := kinds[name]
		if !ok && !all {
			continue
		}
		if !ok {
			k = kindFloat64
		}
		c.columns = append(c.columns, newCSVColumn(i, field{strings.Clone(name), k}))
	}
	return c, nil
}

func (c *csvReader) fields() []field {
	fields := make([]field, len(c.columns))
	for i := range c.columns {
		fields[i] = c.columns[i].field
	}
	return fields
}

func (c *csvReader) next() ([]column, int, error) {
	rows := 0
	for ; rows < batchRows; rows++ {
		record, err := c.in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		for i := range c.columns {
			if err := c.columns[i].parse(record[c.columns[i].index]); err != nil {
				line, _ := c.in.FieldPos(c.columns[i].index)
				return nil, 0, fmt.Errorf("line %d, column %s: %w", line, c.columns[i].name, err)
			}
		}
	}
	if rows == 0 {
		return nil, 0, io.EOF
	}
	out := make([]column, len(c.columns))
	for i := range c.columns {
		out[i] = column{c.columns[i].name, c.columns[i].take()}
	}
	return out, rows, nil
}

func (c *csvReader) close() error { return nil }

func newCSVColumn(index int, f field) csvColumn {
	c := csvColumn{index: index, field: f}
	switch f.kind {
	case kindInt64:
		c.parse, c.take = parser(func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case kindInt32:
		c.parse, c.take = parser(func(s string) (int32, error) { v, err := strconv.ParseInt(s, 10, 32); return int32(v), err })
	case kindUint32:
		c.parse, c.take = parser(func(s string) (uint32, error) { v, err := strconv.ParseUint(s, 10, 32); return uint32(v), err })
	case kindUint16:
		c.parse, c.take = parser(func(s string) (uint16, error) { v, err := strconv.ParseUint(s, 10, 16); return uint16(v), err })
	case kindUint8:
		c.parse, c.take = parser(func(s string) (uint8, error) { v, err := strconv.ParseUint(s, 10, 8); return uint8(v), err })
	case kindBool:
		c.parse, c.take = parser(strconv.ParseBool)
	case kindFloat64:
		c.parse, c.take = parser(parseFloat)
	case kindTime:
		c.parse, c.take = parser(parseTime)
		take := c.take
		c.take = func() any { return timeColumn(take().([]int64)) }
	case kindText:
		var in dictionaryBuilder
		c.parse = func(s string) error { in.add(s); return nil }
		c.take = func() any { out := in.column; in = dictionaryBuilder{}; return out }
	}
	return c
}

// parser collects the values of one column.
func parser[T any](parse func(string) (T, error)) (func(string) error, func() any) {
	var values []T
	one := func(text string) error {
		v, err := parse(text)
		if err != nil {
			return err
		}
		values = append(values, v)
		return nil
	}
	return one, func() any { out := values; values = nil; return out }
}

// parseFloat reads a number; an empty cell is not a number.
func parseFloat(text string) (float64, error) {
	if text == "" {
		return math.NaN(), nil
	}
	return strconv.ParseFloat(text, 64)
}

// parseTime reads RFC 3339 with up to nine decimals, or whole nanoseconds since 1970.
func parseTime(text string) (int64, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, err
	}
	if n := t.UnixNano(); time.Unix(0, n).Equal(t) {
		return n, nil
	}
	return 0, fmt.Errorf("time %s does not fit 64 bits of nanoseconds", text)
}
