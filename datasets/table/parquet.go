package table

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/metadata"
	"github.com/apache/arrow/go/v15/parquet/schema"
)

// groupBatches is how many record batches make a row group; each is one page of
// every column. A group holds some 15 MB until it is written, and costs 8 kB of
// the file's footer.
const groupBatches = 8

// parquetWriter writes Parquet. Arrow's own column writers take 2.9 us for the
// columns of a packet; the pages are therefore encoded here (dictionaries of
// small integers by table, runs, deltas), and the file's metadata is Arrow's.
type parquetWriter struct {
	out    positionWriter
	props  *parquet.WriterProperties
	meta   *metadata.FileMetaDataBuilder
	chunks []*chunk
	pages  [][]byte // scratch of each worker: a page before compression
	rows   int64    // of the row group
	held   int      // batches of the row group
	groups int16
}

// maxWorkers bounds the columns that are encoded at once.
const maxWorkers = 8

var magic = []byte("PAR1")

func newParquetWriter(w io.Writer, fields []field) (*parquetWriter, error) {
	opts := []parquet.WriterProperty{parquet.WithVersion(parquet.V2_LATEST), parquet.WithCompression(compress.Codecs.Snappy),
		parquet.WithCreatedBy("github.com/necstgen/necstgen"), parquet.WithDictionaryDefault(false)}
	p := &parquetWriter{out: positionWriter{w: w}, pages: make([][]byte, min(runtime.GOMAXPROCS(0), maxWorkers))}
	nodes := make(schema.FieldList, len(fields))
	for i, f := range fields {
		node, err := parquetNode(f)
		if err != nil {
			return nil, fmt.Errorf("table: parquet column %s: %w", f.name, err)
		}
		nodes[i] = node
		c := newChunk(f.kind)
		p.chunks = append(p.chunks, c)
		opts = append(opts, parquet.WithEncodingFor(f.name, c.plainEncoding()))
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, fmt.Errorf("table: parquet: %w", err)
	}
	p.props = parquet.NewWriterProperties(opts...)
	p.meta = metadata.NewFileMetadataBuilder(schema.NewSchema(root), p.props, nil)
	if _, err := p.out.Write(magic); err != nil {
		return nil, fmt.Errorf("table: parquet: %w", err)
	}
	return p, nil
}

// parquetNode is the column's type: all are required.
func parquetNode(f field) (schema.Node, error) {
	required := parquet.Repetitions.Required
	whole := func(bits int8, signed bool) (schema.Node, error) {
		physical := parquet.Types.Int32
		if bits == 64 {
			physical = parquet.Types.Int64
		}
		return schema.NewPrimitiveNodeLogical(f.name, required, schema.NewIntLogicalType(bits, signed), physical, -1, -1)
	}
	switch f.kind {
	case kindInt64:
		return whole(64, true)
	case kindInt32:
		return whole(32, true)
	case kindUint32:
		return whole(32, false)
	case kindUint16:
		return whole(16, false)
	case kindUint8:
		return whole(8, false)
	case kindTime:
		return schema.NewPrimitiveNodeLogical(f.name, required, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos), parquet.Types.Int64, -1, -1)
	case kindBool:
		return schema.NewPrimitiveNode(f.name, required, parquet.Types.Boolean, -1, -1)
	case kindFloat64:
		return schema.NewPrimitiveNode(f.name, required, parquet.Types.Double, -1, -1)
	}
	return schema.NewPrimitiveNodeLogical(f.name, required, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)
}

// encode makes a page of each column. Columns have nothing in common, so
// they are shared out to as many workers as there are processors.
func (p *parquetWriter) encode(columns []column, rows int) {
	var next atomic.Int64
	var done sync.WaitGroup
	for worker := range p.pages {
		done.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(columns) {
					return
				}
				page, encoding := p.chunks[i].encode(p.pages[worker][:0], columns[i].values)
				p.chunks[i].addPage(page, encoding, rows)
				p.pages[worker] = page
			}
		})
	}
	done.Wait()
}

func (p *parquetWriter) write(columns []column, rows int) error {
	p.encode(columns, rows)
	p.rows += int64(rows)
	if p.held++; p.held == groupBatches {
		return p.flush()
	}
	return nil
}

// flush writes the row group.
func (p *parquetWriter) flush() error {
	group := p.meta.AppendRowGroup()
	group.SetNumRows(int(p.rows))
	start := p.out.n
	for _, c := range p.chunks {
		if err := p.writeChunk(c, group.NextColumnChunk()); err != nil {
			return fmt.Errorf("table: parquet: %w", err)
		}
		c.reset()
	}
	if err := group.Finish(p.out.n-start, p.groups); err != nil {
		return fmt.Errorf("table: parquet: %w", err)
	}
	p.groups++
	p.rows, p.held = 0, 0
	return nil
}

func (p *parquetWriter) writeChunk(c *chunk, meta *metadata.ColumnChunkMetaDataBuilder) error {
	info := metadata.ChunkMetaInfo{NumValues: p.rows, IndexPageOffset: -1, CompressedSize: int64(len(c.pages)), UncompressedSize: c.rawSize}
	stats := metadata.EncodingStats{DictEncodingStats: map[parquet.Encoding]int32{}, DataEncodingStats: c.encodings}
	dictionary := c.dictionaryPage()
	if len(dictionary) > 0 {
		info.DictPageOffset = p.out.n
		info.CompressedSize += int64(len(dictionary))
		info.UncompressedSize += c.rawDictionary
		stats.DictEncodingStats[parquet.Encodings.Plain] = 1
	}
	info.DataPageOffset = p.out.n + int64(len(dictionary))
	if c.bounded {
		meta.SetStats(metadata.EncodedStatistics{HasMin: true, HasMax: true, HasNullCount: true, Signed: true,
			Min: binary.LittleEndian.AppendUint64(nil, uint64(c.lo)), Max: binary.LittleEndian.AppendUint64(nil, uint64(c.hi))})
	}
	fallback := len(dictionary) > 0 && c.encodings[parquet.Encodings.Plain] > 0
	if err := meta.Finish(info, len(dictionary) > 0, fallback, stats, nil); err != nil {
		return err
	}
	if _, err := p.out.Write(dictionary); err != nil {
		return err
	}
	_, err := p.out.Write(c.pages)
	return err
}

func (p *parquetWriter) close() error {
	if p.held > 0 {
		if err := p.flush(); err != nil {
			return err
		}
	}
	meta, err := p.meta.Finish()
	if err != nil {
		return fmt.Errorf("table: parquet: %w", err)
	}
	n, err := meta.WriteTo(&p.out, nil)
	if err == nil {
		_, err = p.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), magic...))
	}
	if err != nil {
		return fmt.Errorf("table: parquet: %w", err)
	}
	return nil
}
