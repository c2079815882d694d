package table

import (
	"fmt"
	"io"
	"iter"
)

// setter writes a column's values into rows.
type setter[R any] func(rows []R, c column) error

func number[R any, T integer](set func(*R, T)) setter[R] {
	return func(rows []R, c column) error {
		values, err := ints[T](c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}

// text parses each text of the column once.
func text[R, V any](parse func(string) (V, error), set func(*R, V)) setter[R] {
	return func(rows []R, c column) error {
		in, ok := c.values.(words)
		if !ok {
			return fmt.Errorf("column %s holds numbers: want text", c.name)
		}
		parsed := make([]V, len(in.list))
		var err error
		for i, word := range in.list {
			if parsed[i], err = parse(word); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		for i := range rows {
			set(&rows[i], parsed[in.index[i]])
		}
		return nil
	}
}

// float sets a number that may be missing.
func float[R any](set func(*R, float64)) setter[R] {
	return func(rows []R, c column) error {
		values, err := floats(c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}

// readRows reads a table whose rows are R.
func readRows[R any](path string, fields []field, needed []string, setters map[string]setter[R]) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		for rows, err := range readBatches(path, fields, needed, setters) {
			if err != nil {
				yield(none, err)
				return
			}
			for i := range rows.rows {
				if !yield(rows.rows[i], nil) {
					return
				}
			}
		}
	}
}

// rowBatch is a batch of a table as rows, and the columns that they come from.
type rowBatch[R any] struct {
	rows    []R // valid until the next batch
	columns []column
}

// readBatches reads a table batch by batch. It refuses a table that lacks one of
// the needed columns. Any error is the last element and names the file.
func readBatches[R any](path string, fields []field, needed []string, setters map[string]setter[R]) iter.Seq2[rowBatch[R], error] {
	return func(yield func(rowBatch[R], error) bool) {
		kinds := make(map[string]kind)
		for _, f := range fields {
			kinds[f.name] = f.kind
		}
		in, err := openBatches(path, kinds)
		if err != nil {
			yield(rowBatch[R]{}, err)
			return
		}
		defer in.close()
		if err := require(in.fields(), needed); err != nil {
			yield(rowBatch[R]{}, fmt.Errorf("table: %s: %w", path, err))
			return
		}
		var batch rowBatch[R]
		for {
			columns, n, err := in.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(rowBatch[R]{}, err)
				return
			}
			batch.columns = columns
			if batch.rows, err = assemble(batch.rows, columns, n, setters); err != nil {
				yield(rowBatch[R]{}, fmt.Errorf("table: %s: %w", path, err))
				return
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// assemble puts the columns of a batch together as rows, in the memory of rows.
func assemble[R any](rows []R, columns []column, n int, setters map[string]setter[R]) ([]R, error) {
	if cap(rows) < n {
		rows = make([]R, n)
	}
	rows = rows[:n]
	clear(rows)
	for _, c := range columns {
		if set, ok := setters[c.name]; ok {
			if err := set(rows, c); err != nil {
				return nil, err
			}
		}
	}
	return rows, nil
}

func require(fields []field, needed []string) error {
	have := make(map[string]bool)
	for _, f := range fields {
		have[f.name] = true
	}
	for _, name := range needed {
		if !have[name] {
			return fmt.Errorf("column %s is missing: is this such a table?", name)
		}
	}
	return nil
}
