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
			in, err = newParquetReader(f, kinds)
		case Arrow:
			in, err = newArrowReader(f)
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

type parquetReader struct {
	in      *file.Reader
	records pqarrow.RecordReader
}

func newParquetReader(f *os.File, kinds map[string]kind) (*parquetReader, error) {
	in, err := file.NewParquetReader(f, file.WithReadProps(parquet.NewReaderProperties(memory.DefaultAllocator)))
	if err != nil {
		return nil, err
	}
	props := pqarrow.ArrowReadProperties{BatchSize: BatchRows}
	var wanted []int
	for i := range in.MetaData().Schema.NumColumns() {
		c := in.MetaData().Schema.Column(i)
		props.SetReadDict(i, c.PhysicalType() == parquet.Types.ByteArray)
		if _, ok := kinds[c.Name()]; ok || kinds == nil {
			wanted = append(wanted, i)
		}
	}
	reader, err := pqarrow.NewFileReader(in, props, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	p := &parquetReader{in: in}
	if len(wanted) > 0 {
		p.records, err = reader.GetRecordReader(context.Background(), wanted, nil)
	}
	return p, err
}

func (p *parquetReader) fields() []field {
	if p.records == nil {
		return nil
	}
	return arrowFields(p.records.Schema())
}

func (p *parquetReader) next() ([]column, int, error) {
	if p.records == nil {
		return nil, 0, io.EOF
	}
	rec, err := p.records.Read()
	if err != nil {
		return nil, 0, err
	}
	columns, err := fromRecord(rec)
	return columns, int(rec.NumRows()), err
}

func (p *parquetReader) close() error {
	if p.records != nil {
		p.records.Release()
	}
	return nil
}

type arrowReader struct {
	in *ipc.FileReader
	at int
}

func newArrowReader(f *os.File) (*arrowReader, error) {
	in, err := ipc.NewFileReader(f)
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

// ReadPackets reads a packet table; the ending of path tells its format. A
// column that the file lacks is zero, a column that is no packet column is
// ignored, but a file without time and length is refused. Any error is the last
// element and names the file. The stream can be read again.
func ReadPackets(path string) iter.Seq2[flow.Packet, error] {
	return readRows(path, packetFields, []string{"time", "length"}, packetSetters)
}

var errStop = errors.New("the consumer stopped")
