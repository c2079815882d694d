package table

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
)

type arrowWriter struct {
	schema *arrow.Schema
	out    *ipc.FileWriter
}

func newArrowWriter(w io.Writer, fields []field) (*arrowWriter, error) {
	schema := arrowSchema(fields)
	out, err := ipc.NewFileWriter(&counter{w: w}, ipc.WithSchema(schema), ipc.WithZstd())
	if err != nil {
		return nil, fmt.Errorf("table: arrow file: %w", err)
	}
	return &arrowWriter{schema, out}, nil
}

func (a *arrowWriter) write(columns []column, rows int) error {
	rec := record(a.schema, columns, rows)
	defer rec.Release()
	if err := a.out.Write(rec); err != nil {
		return fmt.Errorf("table: arrow file: %w", err)
	}
	return nil
}

func (a *arrowWriter) close() error {
	if err := a.out.Close(); err != nil {
		return fmt.Errorf("table: arrow file: %w", err)
	}
	return nil
}

// counter tells the position in a stream, which is all that Arrow's file writer
// uses Seek for.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, fmt.Errorf("table: a stream cannot seek")
	}
	return c.n, nil
}
