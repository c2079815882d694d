package necstgencsv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/csvrows"
	"github.com/necstgen/necstgen/datasets/flow"
)

// rows are those of a CSV file.
type rows struct{ *csvrows.Reader }

func openRows(r io.Reader, name string, required ...string) (*rows, error) {
	s, err := csvrows.Open(r, "necstgencsv", name, required...)
	return &rows{s}, err
}

// integer is the whole number of a cell. Pandas writes whole numbers of a column
// with gaps as floats, and gaps that it forced into integers as the smallest
// int64; both that and an empty cell are 0 (D42).
func (s *rows) integer(column string, lo, hi int64) (int64, error) {
	text := s.Text(column)
	if text == "" || text == "None" || text == "nan" {
		return 0, nil
	}
	v, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(text, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, fmt.Errorf("column %s: %q is no whole number", column, text)
		}
		v = int64(f)
	}
	if v == math.MinInt64 {
		return 0, nil
	}
	if v < lo || v > hi {
		return 0, fmt.Errorf("column %s: %d is out of range: want %d to %d", column, v, lo, hi)
	}
	return v, nil
}

// float is the number of a cell, not a number for an empty one.
func (s *rows) float(column string) (float64, error) {
	text := s.Text(column)
	if text == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("column %s: %q is no number", column, text)
	}
	return v, nil
}

// parseSeconds reads seconds since 1970 as nanoseconds, decimal by decimal: a
// float64 would lose the last three digits. More than nine decimals are cut.
func parseSeconds(text string) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE+-") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(math.Abs(f) < maxSeconds) {
			return 0, fmt.Errorf("%q is no time in seconds", text)
		}
		return int64(math.Round(f * 1e9)), nil
	}
	if seconds <= -maxSeconds || seconds >= maxSeconds {
		return 0, fmt.Errorf("time %s is out of range", text)
	}
	if len(fraction) > 9 {
		fraction = fraction[:9]
	}
	var nanos int64
	if fraction != "" {
		n, err := strconv.ParseUint(fraction, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is no time in seconds", text)
		}
		nanos = int64(n)
	}
	for range 9 - len(fraction) {
		nanos *= 10
	}
	if strings.HasPrefix(whole, "-") {
		nanos = -nanos
	}
	return seconds*1e9 + nanos, nil
}

const maxSeconds = 9_200_000_000 // what int64 nanoseconds hold

// appendSeconds writes nanoseconds as seconds, exactly, with at least one decimal.
func appendSeconds(dst []byte, nanos int64) []byte {
	if nanos < 0 {
		dst = append(dst, '-')
		nanos = -nanos
	}
	dst = strconv.AppendInt(dst, nanos/1e9, 10)
	dst = append(dst, '.')
	var digits [20]byte
	fraction := strconv.AppendInt(digits[:0], 1e9+nanos%1e9, 10)[1:]
	end := len(fraction)
	for end > 1 && fraction[end-1] == '0' {
		end--
	}
	return append(dst, fraction[:end]...)
}

func isRow(err error) bool {
	var row *RowError
	return errors.As(err, &row)
}

// writeNumbers writes a file of numbers as pandas does: not a number is an empty cell.
func writeNumbers(w io.Writer, columns []string, rows iter.Seq2[[]float64, error]) error {
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintln(out, strings.Join(columns, ","))
	var line []byte
	for row, err := range rows {
		if err != nil {
			if flow.IsRecordError(err) {
				continue
			}
			return err
		}
		if len(row) != len(columns) {
			return fmt.Errorf("necstgencsv: row of %d values: want %d", len(row), len(columns))
		}
		line = line[:0]
		for i, v := range row {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendFloat(line, v)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("necstgencsv: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("necstgencsv: %w", err)
	}
	return nil
}

// appendFloat writes a number as pandas does: whole numbers with one decimal, and
// an exponent for what is below 1e-4 or from 1e16 on.
func appendFloat(dst []byte, v float64) []byte {
	size := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return dst
	case math.IsInf(v, 0):
		if v < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "inf"...)
	case v == math.Trunc(v) && size < 1e16:
		return append(strconv.AppendFloat(dst, v, 'f', -1, 64), ".0"...)
	case size < 1e-4 || size >= 1e16:
		return strconv.AppendFloat(dst, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}
