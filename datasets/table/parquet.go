package table

import (
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
)

// rowGroupRows is the length of a row group: four record batches. Each costs
// 40 MB while it is written and some 4 kB of the file's footer.
const rowGroupRows = 4 * BatchRows

type parquetWriter struct {
	schema *arrow.Schema
	out    *pqarrow.FileWriter
}

func newParquetWriter(w io.Writer, fields []field) (*parquetWriter, error) {
	schema := arrowSchema(fields)
	props := parquet.NewWriterProperties(parquet.WithVersion(parquet.V2_LATEST), parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1), parquet.WithStats(false), parquet.WithCreatedBy("necstgen"), parquet.WithMaxRowGroupLength(rowGroupRows))
	out, err := pqarrow.NewFileWriter(schema, keepOpen{w}, props, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	return &parquetWriter{schema, out}, nil
}

// keepOpen hides the Close of a writer, which Arrow would call.
type keepOpen struct{ io.Writer }

func (p *parquetWriter) write(columns []column, rows int) error {
	rec := record(p.schema, columns, rows)
	defer rec.Release()
	return p.out.Write(rec)
}

func (p *parquetWriter) close() error { return p.out.Close() }
