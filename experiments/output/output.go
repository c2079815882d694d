// Package output writes generated traffic. A run and the command that generates
// more from it write by the same code.
//
//   - [Create] makes [Files] of any [Kind], by their names: captures, whole or split, tables
//     of packets, and records of flows. [WithFlows] names the tables of flows beside captures.
//   - A [Sink] takes frames, as files do, and [Write] gives all frames to several sinks in
//     one pass.
//   - [NeCSTGen] writes flows in the files that NeCSTGen publishes.
//   - [WriteRows] writes a table of numbers.
package output

import (
	"context"
	"io"
	"iter"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Sink takes frames. After Close what it has taken can be read.
type Sink interface {
	Write(f *tcp.Frame) error
	Close() error
}

// newCapture returns a sink that writes a capture. It does not close w.
func newCapture(w io.Writer, options pcap.WriterOptions) (Sink, error) {
	c, err := pcap.NewWriter(w, options)
	if err != nil {
		return nil, err
	}
	return capture{c}, nil
}

// capture is a Sink of whatever takes frames with their times.
type capture struct {
	w interface {
		Write(time int64, frame []byte) error
		Close() error
	}
}

func (c capture) Write(f *tcp.Frame) error { return c.w.Write(f.Packet.Time, f.Bytes) }
func (c capture) Close() error             { return c.w.Close() }

// newTable returns a sink that writes a packet table of frames of that link, with the columns
// that such frames have values for. It does not close w.
func newTable(w io.Writer, format table.Format, link tcp.Link) (Sink, error) {
	source := table.NetworkSource
	if link != tcp.Semtech {
		source = table.RadioSource
	}
	t, err := table.NewPacketWriter(w, format, source)
	if err != nil {
		return nil, err
	}
	return rows{t}, nil
}

// rows is a Sink of a packet table.
type rows struct{ w *table.PacketWriter }

func (r rows) Write(f *tcp.Frame) error { return r.w.Write(&f.Packet) }
func (r rows) Close() error             { return r.w.Close() }

const (
	ahead = 8192 // frames that are made before they are written, so that making and writing use two cores
	step  = 1024 // frames between two reports of progress
)

// Write gives each frame to every sink, in order, and calls shown with the number
// of frames so far, unless it is nil. It ends with the frames, with ctx, or with the
// first write that fails; packets is how many frames every sink has taken.
// Errors in the stream, the first few of them and the number of the others, are
// returned after the frames that could be written. The sinks stay open.
func Write(ctx context.Context, frames iter.Seq2[tcp.Frame, error], shown func(packets int64), sinks ...Sink) (packets int64, err error) {
	var problems tcp.Problems
	for _, err := range Tee(tcp.Ahead(frames, ahead), sinks...) {
		if err != nil {
			problems.Add(err)
			continue
		}
		packets++
		if packets%step != 0 {
			continue
		}
		if shown != nil {
			shown(packets)
		}
		if ctx.Err() != nil {
			problems.Add(context.Cause(ctx))
			break
		}
	}
	if shown != nil {
		shown(packets)
	}
	return packets, problems.Join()
}

// Tee gives each frame to every sink as it passes. The first write that fails
// is the last element.
func Tee(frames iter.Seq2[tcp.Frame, error], sinks ...Sink) iter.Seq2[tcp.Frame, error] {
	return func(yield func(tcp.Frame, error) bool) {
		frame := new(tcp.Frame) // one for all, because what sinks are given lies on the heap
		for next, err := range frames {
			if err == nil {
				*frame = next
				for _, s := range sinks {
					if err := s.Write(frame); err != nil {
						yield(tcp.Frame{}, err)
						return
					}
				}
			}
			if !yield(next, err) {
				return
			}
		}
	}
}
