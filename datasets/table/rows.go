package table

import (
	"fmt"
	"io"
	"iter"
)

// gatheredBatch is a batch of rows as the columns that their gatherers make.
type gatheredBatch[R any] struct {
	n         int
	fields    []field
	gatherers []gatherer[R]
}

func newGathered[R any](columns []rowColumn[R]) *gatheredBatch[R] {
	b := &gatheredBatch[R]{fields: fieldsOf(columns)}
	for _, c := range columns {
		b.gatherers = append(b.gatherers, c.gather())
	}
	return b
}

func (b *gatheredBatch[R]) add(r *R) {
	for _, g := range b.gatherers {
		g.add(r)
	}
	b.n++
}

func (b *gatheredBatch[R]) rows() int { return b.n }

func (b *gatheredBatch[R]) columns() []column {
	columns := make([]column, len(b.fields))
	for i, g := range b.gatherers {
		columns[i] = column{b.fields[i].name, g.values()}
	}
	return columns
}

func (b *gatheredBatch[R]) reset() {
	for _, g := range b.gatherers {
		g.reset()
	}
	b.n = 0
}

// writeRows writes a table whose rows are R.
func writeRows[R any](w io.Writer, format Format, columns []rowColumn[R], rows iter.Seq2[R, error]) error {
	out, err := newWriter(w, format, fieldsOf(columns))
	if err != nil {
		return err
	}
	return gatherRows(table[*gatheredBatch[R]]{out}, columns, rows)
}

// gatherRows gives the columns of a table whose rows are R to a sink, batch by batch.
func gatherRows[R any](to sink[*gatheredBatch[R]], columns []rowColumn[R], rows iter.Seq2[R, error]) error {
	out := newPipe(to, func() *gatheredBatch[R] { return newGathered(columns) })
	return writeAll(rows, func(row *R) error {
		if out.filled.add(row); out.filled.n < batchRows {
			return nil
		}
		return out.pass()
	}, out.close)
}

// readRows reads a table whose rows are R.
func readRows[R any](path string, columns []rowColumn[R], needed []string) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		for rows, err := range readBatches(path, columns, needed) {
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
func readBatches[R any](path string, columns []rowColumn[R], needed []string) iter.Seq2[rowBatch[R], error] {
	return func(yield func(rowBatch[R], error) bool) {
		setters := make(map[string]setter[R])
		for _, c := range columns {
			if c.set != nil {
				setters[c.name] = c.set
			}
		}
		in, err := openBatches(path, kindsOf(columns))
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
