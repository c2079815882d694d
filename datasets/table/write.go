package table

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

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

// PacketWriter writes a packet table packet by packet. From the second batch on
// the columns of a full batch are encoded and written while the next one fills,
// so two cores share the work; what is written does not depend on it. Close must
// be called, after an error too.
type PacketWriter struct {
	out    batchWriter
	batch  *packetBatch
	full   chan *packetBatch // to the encoder; nil before it is needed
	free   chan *packetBatch // and back
	failed atomic.Pointer[error]
	closed bool
}

// NewPacketWriter starts a packet table. Nothing is complete before Close.
func NewPacketWriter(w io.Writer, format Format) (*PacketWriter, error) {
	out, err := newWriter(w, format, packetFields)
	if err != nil {
		return nil, err
	}
	return &PacketWriter{out: out, batch: new(packetBatch)}, nil
}

// Write adds a packet. It keeps nothing of p but its values. An error may belong
// to a packet before.
func (w *PacketWriter) Write(p *flow.Packet) error {
	if w.closed {
		return errors.New("table: packet writer is closed")
	}
	w.batch.add(p)
	if w.batch.n < BatchRows {
		return nil
	}
	return w.pass()
}

// pass gives the full batch to the encoder and takes an empty one.
func (w *PacketWriter) pass() error {
	if w.full == nil {
		w.full, w.free = make(chan *packetBatch), make(chan *packetBatch, 2)
		w.free <- new(packetBatch)
		go w.encode()
	}
	w.full <- w.batch
	w.batch = <-w.free
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// encode writes batches until full is closed; after an error it only drains.
func (w *PacketWriter) encode() {
	for batch := range w.full {
		if w.failed.Load() == nil {
			if err := w.out.write(batch.columns(), batch.n); err != nil {
				w.failed.Store(&err)
			}
		}
		batch.reset()
		w.free <- batch
	}
	close(w.free)
}

// Close writes what is left and ends the table. It does not close the file.
func (w *PacketWriter) Close() error {
	if w.closed {
		return errors.New("table: packet writer is closed")
	}
	w.closed = true
	if w.full != nil {
		close(w.full)
		for range w.free { // until the encoder has ended
		}
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	if w.batch.n > 0 {
		if err := w.out.write(w.batch.columns(), w.batch.n); err != nil {
			return err
		}
	}
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
			_ = out.Close() // ends the encoder; its error is err
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
