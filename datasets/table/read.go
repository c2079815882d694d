package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"github.com/necstgen/necstgen/datasets/flow"
)

// batchReader reads batches; the last is followed by io.EOF.
type batchReader interface {
	next() (columns []column, rows int, err error)
	fields() []field
	close() error
}

// openBatches opens a file of any format. Kinds names the columns that are read
// and their types in a CSV file; nil reads all, those of a CSV file as numbers.
func openBatches(path string, kinds map[string]kind) (batchReader, error) {
	format, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	var in batchReader
	err = guard(func() (err error) {
		switch format {
		case Parquet:
			in, err = newParquetReader(f, kinds, newBound(f))
		case Arrow:
			in, err = newArrowReader(f, newBound(f))
		case CSV:
			in, err = newCSVReader(f, kinds, kinds == nil)
		}
		return err
	})
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("table: %s: %w", path, err)
	}
	return &openFile{in, f, path}, nil
}

// openFile closes its file and names it in errors.
type openFile struct {
	batchReader
	f    *os.File
	path string
}

func (o *openFile) next() (columns []column, rows int, err error) {
	err = guard(func() (err error) { columns, rows, err = o.batchReader.next(); return err })
	if err != nil && err != io.EOF {
		err = fmt.Errorf("table: %s: %w", o.path, err)
	}
	return columns, rows, err
}

func (o *openFile) close() error { return errors.Join(o.batchReader.close(), o.f.Close()) }

// guard turns a panic of the Arrow library, which it uses for damaged files,
// into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged file: %v", r)
		}
	}()
	return f()
}

// bound refuses to allocate more at once than a file of its size can need: a
// damaged length field would otherwise end the process. The panic is guarded.
type bound struct {
	memory.Allocator
	limit int
}

func newBound(f *os.File) *bound {
	b := &bound{memory.NewGoAllocator(), 64 << 20}
	if info, err := f.Stat(); err == nil {
		b.limit += 64 * int(min(info.Size(), 1<<32))
	}
	return b
}

func (b *bound) Allocate(size int) []byte {
	if size < 0 || size > b.limit {
		panic(fmt.Sprintf("a length field claims %d bytes", size))
	}
	return b.Allocator.Allocate(size)
}

func (b *bound) Reallocate(size int, old []byte) []byte {
	if size < 0 || size > b.limit {
		panic(fmt.Sprintf("a length field claims %d bytes", size))
	}
	return b.Allocator.Reallocate(size, old)
}

// parquetReader reads column by column. Arrow's own record reader would do, but
// it starts goroutines, in which a damaged file would end the process.
type parquetReader struct {
	names   []field
	columns []*pqarrow.ColumnReader
	batch   int64 // rows at once: not more than the file has
}

func newParquetReader(f *os.File, kinds map[string]kind, mem memory.Allocator) (*parquetReader, error) {
	in, err := file.NewParquetReader(f, file.WithReadProps(parquet.NewReaderProperties(mem)))
	if err != nil {
		return nil, err
	}
	props := pqarrow.ArrowReadProperties{}
	columns := in.MetaData().Schema
	for i := range columns.NumColumns() {
		props.SetReadDict(i, columns.Column(i).PhysicalType() == parquet.Types.ByteArray)
	}
	reader, err := pqarrow.NewFileReader(in, props, mem)
	if err != nil {
		return nil, err
	}
	p := &parquetReader{batch: max(1, min(batchRows, in.NumRows()))}
	for i := range columns.NumColumns() {
		c := columns.Column(i)
		if _, ok := kinds[c.Name()]; !ok && kinds != nil {
			continue
		}
		if c.MaxRepetitionLevel() > 0 || len(c.ColumnPath()) != 1 {
			return nil, fmt.Errorf("column %s is nested: want a flat table", c.Path())
		}
		p.names = append(p.names, field{c.Name(), kindFloat64})
		if c.PhysicalType() == parquet.Types.ByteArray {
			p.names[len(p.names)-1].kind = kindText
		}
		if in.NumRowGroups() == 0 {
			continue
		}
		column, err := reader.GetColumn(context.Background(), i)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name(), err)
		}
		p.columns = append(p.columns, column)
	}
	return p, nil
}

func (p *parquetReader) fields() []field { return p.names }

func (p *parquetReader) next() ([]column, int, error) {
	columns := make([]column, len(p.columns))
	rows := 0
	for i, reader := range p.columns {
		name := p.names[i].name
		chunked, err := reader.NextBatch(p.batch)
		if err != nil {
			return nil, 0, fmt.Errorf("column %s: %w", name, err)
		}
		if i == 0 {
			rows = chunked.Len()
		}
		if chunked.Len() != rows {
			return nil, 0, fmt.Errorf("column %s ends before the others", name)
		}
		columns[i].name = name
		for _, a := range chunked.Chunks() {
			values, err := fromArray(a)
			if err != nil {
				return nil, 0, fmt.Errorf("column %s: %w", name, err)
			}
			columns[i].values = joined(columns[i].values, values)
		}
		chunked.Release()
	}
	if rows == 0 {
		return nil, 0, io.EOF
	}
	return columns, rows, nil
}

func (p *parquetReader) close() error {
	for _, c := range p.columns {
		c.Release()
	}
	return nil
}

type arrowReader struct {
	in *ipc.FileReader
	at int
}

func newArrowReader(f *os.File, mem memory.Allocator) (*arrowReader, error) {
	info, err := f.Stat()
	if err == nil {
		err = checkFooter(f, info.Size())
	}
	if err != nil {
		return nil, err
	}
	in, err := ipc.NewFileReader(f, ipc.WithAllocator(mem))
	return &arrowReader{in: in}, err
}

func (a *arrowReader) fields() []field { return arrowFields(a.in.Schema()) }

func (a *arrowReader) next() ([]column, int, error) {
	if a.at >= a.in.NumRecords() {
		return nil, 0, io.EOF
	}
	rec, err := a.in.RecordAt(a.at)
	if err != nil {
		return nil, 0, err
	}
	defer rec.Release()
	a.at++
	columns, err := fromRecord(rec)
	return columns, int(rec.NumRows()), err
}

func (a *arrowReader) close() error { return a.in.Close() }

// ReadPackets reads a packet table; the ending of path gives its format. A
// column that the file lacks is zero, a column that is no packet column is
// ignored, but a file without time and length is refused. Any error is the last
// element and names the file. The stream can be read again.
func ReadPackets(path string) iter.Seq2[flow.Packet, error] {
	return readRows(path, packetColumns, []string{"time", "length"})
}

var errStop = errors.New("the consumer stopped")
