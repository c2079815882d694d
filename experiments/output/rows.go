package output

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/table"
)

// TableFormat returns the format of a table of that name. The standard output gets CSV.
func TableFormat(path string) (table.Format, error) {
	if path == Standard {
		return table.CSV, nil
	}
	return table.FormatOf(path)
}

// WriteRows writes a table of numbers and returns how many rows it has. The file has
// its name when it is whole; to stdout it goes where path is Standard.
func WriteRows(path string, columns []string, rows iter.Seq2[[]float64, error], stdout io.Writer) (n int64, err error) {
	format, err := TableFormat(path)
	if err != nil {
		return 0, err
	}
	counted := func(yield func([]float64, error) bool) {
		for row, err := range rows {
			if err == nil {
				n++
			}
			if !yield(row, err) {
				return
			}
		}
	}
	write := func(w io.Writer) error { return table.WriteFeatures(w, format, columns, counted) }
	if path == Standard {
		buffered := bufio.NewWriter(stdout)
		err = errors.Join(write(buffered), buffered.Flush())
	} else {
		err = atomicfile.Write(path, write)
	}
	if err != nil {
		return n, fmt.Errorf("output: %s: %w", path, err)
	}
	return n, nil
}
