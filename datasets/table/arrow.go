package table

import (
	"encoding/binary"
	"errors"
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
	out, err := ipc.NewFileWriter(&positionWriter{w: w}, ipc.WithSchema(schema), ipc.WithZstd())
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

// positionWriter counts what is written. Its Seek gives the position in the stream,
// which is all that Arrow's file writer uses Seek for.
type positionWriter struct {
	w io.Writer
	n int64
}

func (p *positionWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.n += int64(n)
	return n, err
}

func (p *positionWriter) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, fmt.Errorf("table: a stream cannot seek")
	}
	return p.n, nil
}

// arrowTail is what ends an Arrow file: the footer's length and the magic bytes.
const arrowTail = 10

// checkFooter walks through the columns that an Arrow file's footer describes
// and refuses lists that are longer than the footer: Arrow allocates what such a
// list claims. Any other damage makes Arrow return an error or panic.
func checkFooter(f io.ReaderAt, size int64) error {
	tail := make([]byte, arrowTail)
	if _, err := f.ReadAt(tail, max(0, size-arrowTail)); err != nil || string(tail[4:]) != "ARROW1" {
		return errors.New("no Arrow footer: is the file whole?")
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > size-arrowTail {
		return fmt.Errorf("a footer of %d bytes in a file of %d", length, size)
	}
	footer := make(flatbuffer, length)
	if _, err := f.ReadAt(footer, size-arrowTail-length); err != nil {
		return err
	}
	root := footer.follow(0)
	footer.list(root, 2, 24) // dictionaries
	footer.list(root, 3, 24) // record batches
	if schema := footer.field(root, 1); schema > 0 {
		columns := 0
		return footer.checkFields(footer.follow(schema), 1, 0, &columns)
	}
	return nil
}

// maxArrowColumns and maxArrowDepth bound what a footer may describe.
const (
	maxArrowColumns = 1 << 16
	maxArrowDepth   = 16
)

// checkFields checks the list of columns in a field of a table, and theirs.
func (b flatbuffer) checkFields(table, field, depth int, columns *int) error {
	at, n := b.list(table, field, 4)
	if *columns += n; *columns > maxArrowColumns || depth > maxArrowDepth {
		return fmt.Errorf("more than %d columns, or nested deeper than %d", maxArrowColumns, maxArrowDepth)
	}
	for i := range n {
		column := b.follow(at + 4*i)
		b.list(column, 6, 4) // metadata
		if err := b.checkFields(column, 5, depth+1, columns); err != nil {
			return err
		}
	}
	return nil
}

// flatbuffer is a FlatBuffers message (https://flatbuffers.dev/internals). A
// position outside it panics, which is guarded.
type flatbuffer []byte

func (b flatbuffer) u32(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }

// follow is the position that the offset at a position points to.
func (b flatbuffer) follow(at int) int { return at + b.u32(at) }

// field is the position of a table's field, 0 where it is not set.
func (b flatbuffer) field(table, field int) int {
	vtable := table - int(int32(b.u32(table)))
	size := int(binary.LittleEndian.Uint16(b[vtable:]))
	if 4+2*field+2 > size {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(b[vtable+4+2*field:]))
	if offset == 0 {
		return 0
	}
	return table + offset
}

// list is where the elements of a table's list stand, and how many there are.
func (b flatbuffer) list(table, field, size int) (at, n int) {
	at = b.field(table, field)
	if at == 0 {
		return 0, 0
	}
	at = b.follow(at)
	if n = b.u32(at); n*size > len(b)-at-4 {
		panic(fmt.Sprintf("a list claims %d elements", n))
	}
	return at + 4, n
}
