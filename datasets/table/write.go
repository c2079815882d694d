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

// PacketWriter writes a packet table packet by packet.
type PacketWriter struct {
	out   batchWriter
	batch *packetBatch
	err   error
}

// NewPacketWriter starts a packet table. Nothing is complete before Close.
func NewPacketWriter(w io.Writer, format Format) (*PacketWriter, error) {
	out, err := newWriter(w, format, packetFields)
	if err != nil {
		return nil, err
	}
	return &PacketWriter{out: out, batch: new(packetBatch)}, nil
}

// Write adds a packet. It keeps nothing of p but its values.
func (w *PacketWriter) Write(p *flow.Packet) error {
	if w.err != nil {
		return w.err
	}
	w.batch.add(p)
	if w.batch.n < BatchRows {
		return nil
	}
	return w.flush()
}

func (w *PacketWriter) flush() error {
	w.err = w.out.write(w.batch.columns(), w.batch.n)
	w.batch.reset()
	return w.err
}

// Close writes what is left and ends the table. It does not close the file.
func (w *PacketWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.batch.n > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.err = fmt.Errorf("table: packet writer is closed")
	return w.out.close()
}

// WritePackets writes a packet table. Damaged records of the stream (errors
// with a RecordNumber method) are left out; any other error ends the table after
// the rows before it, and is returned.
func WritePackets(w io.Writer, format Format, packets iter.Seq2[flow.Packet, error]) error {
	out, err := NewPacketWriter(w, format)
	if err != nil {
		return err
	}
	for p, err := range packets {
		if err != nil {
			if isRecord(err) {
				continue
			}
			return errors.Join(err, out.Close())
		}
		if err := out.Write(&p); err != nil {
			return err
		}
	}
	return out.Close()
}

// isRecord reports whether an error belongs to one record of its stream, as
// those of package pcap do.
func isRecord(err error) bool {
	var record interface{ RecordNumber() int64 }
	return errors.As(err, &record)
}
