package table

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// batchWriter writes batches of the same columns. The caller may reuse a
// batch's memory once write has returned.
type batchWriter interface {
	write(columns []column, rows int) error
	close() error
}

// newWriter returns the writer of a format.
func newWriter(w io.Writer, format Format, fields []field) (batchWriter, error) {
	switch format {
	case Parquet:
		return newParquetWriter(w, fields)
	case Arrow:
		return newArrowWriter(w, fields)
	case CSV:
		return newCSVWriter(w, fields)
	}
	return nil, fmt.Errorf("table: unknown format %q: want parquet, arrow or csv", format)
}

// PacketWriter writes a packet table packet by packet. Large tables are encoded
// beside the caller, column by column on all processors. Close must be called,
// after an error too.
type PacketWriter struct {
	pipe *batchPipe[*packetBatch]
}

// NewPacketWriter starts a packet table with the columns that a source has. Nothing is
// complete before Close.
func NewPacketWriter(w io.Writer, format Format, source PacketSource) (*PacketWriter, error) {
	kept := source.columns()
	pipe, err := newTable(w, format, taken(packetFields, kept), func() *packetBatch { return &packetBatch{kept: kept} })
	if err != nil {
		return nil, err
	}
	return &PacketWriter{pipe}, nil
}

// Write adds a packet. It keeps nothing of p but its values. An error may belong
// to a packet before.
func (w *PacketWriter) Write(p *flow.Packet) error {
	if w.pipe.closed {
		return errClosed
	}
	b := w.pipe.filled
	if b.add(p); b.n < batchRows {
		return nil
	}
	return w.pipe.pass()
}

// Close writes what is left and ends the table. It does not close the file.
func (w *PacketWriter) Close() error { return w.pipe.close() }

// WritePackets writes a packet table with all columns. Damaged records of the stream (errors
// with a RecordNumber method) are left out; any other error ends the table after
// the rows before it, and is returned.
func WritePackets(w io.Writer, format Format, packets iter.Seq2[flow.Packet, error]) error {
	out, err := NewPacketWriter(w, format, AnySource)
	if err != nil {
		return err
	}
	return writeAll(packets, out.Write, out.Close)
}

// writeAll writes the rows of a stream but for its damaged records. What else ends
// the stream is returned, beside what closing says.
func writeAll[R any](rows iter.Seq2[R, error], write func(*R) error, end func() error) error {
	var held R // one for all: write's argument escapes
	var err error
	for held, err = range rows {
		if err != nil {
			if flow.IsRecordError(err) {
				continue
			}
			return errors.Join(err, end())
		}
		if err := write(&held); err != nil {
			_ = end() // ends the encoder; its error is err
			return err
		}
	}
	return end()
}
