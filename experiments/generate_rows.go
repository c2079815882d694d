package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/output"
)

// tableKind is the format of a table that --out names; the standard output gets CSV.
func tableKind(path string) (table.Format, error) {
	if path == output.Standard {
		return table.CSV, nil
	}
	return table.FormatOf(path)
}

// writeRows writes a table of numbers.
func (c *command) writeRows(path string, names []string, unit string, rows iter.Seq2[[]float64, error]) error {
	format, err := tableKind(path)
	if err != nil {
		return usageError{err}
	}
	n := int64(0)
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
	write := func(w io.Writer) error { return table.WriteFeatures(w, format, names, counted) }
	if path == output.Standard {
		buffered := bufio.NewWriter(c.out)
		return errors.Join(write(buffered), buffered.Flush())
	}
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("generate: %s: %w", path, err)
	}
	if c.json {
		return printJSON(c.out, map[string]any{"path": path, unit: n})
	}
	return printLine(c.out, "%s: %s %s", path, output.Thousands(n), unit)
}
