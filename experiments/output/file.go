package output

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Standard is the path that stands for the standard output.
const Standard = "-"

// Options are what the name of a capture does not say. The zero value is Ethernet in
// one file.
type Options struct {
	Link      tcp.Link      // of the frames
	SplitSize int64         // a capture goes on in another file before it is larger; 0: never
	SplitTime time.Duration // and after so long by its packets' times; 0: never

	// Open opens each file, which is then its caller's to remove; nil: os.Create does.
	Open func(name string) (io.WriteCloser, error)
}

// open opens a file for writing.
func (o Options) open(name string) (io.WriteCloser, error) {
	if o.Open != nil {
		return o.Open(name)
	}
	return os.Create(name)
}

// split reports whether captures are split.
func (o Options) split() bool { return o.SplitSize > 0 || o.SplitTime > 0 }

// File is a file that is being written.
type File struct {
	Path string
	Kind Kind

	sink    Sink         // of packets; nil: the file holds flows
	records recordWriter // of flows
	split   *pcap.SplitWriter
	foreign bool        // Options.Open has opened it
	closers []io.Closer // behind the sink or the records
	written int64       // packets or flows
	failed  error       // the first write that failed
	closed  bool
}

// create creates the file of that name, or writes to stdout where it is Standard.
func create(path string, options Options, stdout io.Writer) (*File, error) {
	kind, err := KindOf(path)
	if err != nil {
		return nil, err
	}
	kind.Capture.LinkType = options.Link.Type()
	f := &File{Path: path, Kind: kind, foreign: options.Open != nil}
	if kind.IsCapture() && options.split() {
		if err := f.openSplit(options); err != nil {
			return nil, err
		}
		return f, nil
	}
	out := stdout
	if path != Standard {
		file, err := options.open(path)
		if err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		out, f.closers = file, append(f.closers, file)
	}
	if kind.IsCapture() {
		f.sink, err = newCapture(out, kind.Capture)
	} else {
		buffered := bufio.NewWriterSize(out, 1<<20)
		f.closers = append([]io.Closer{flusher{buffered}}, f.closers...)
		if kind.Flows != "" {
			f.records, err = flows(buffered, kind.Flows)
		} else {
			f.sink, err = newTable(buffered, kind.Table, options.Link)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.closeAll(), f.remove())
	}
	return f, nil
}

// flusher empties a buffer when it is closed.
type flusher struct{ w *bufio.Writer }

func (f flusher) Close() error { return f.w.Flush() }

// packetFile is a File of packets as a Sink.
type packetFile struct{ *File }

func (p packetFile) Write(frame *tcp.Frame) error { return p.note(p.sink.Write(frame)) }

// flowFile is a File of flows as a recordWriter.
type flowFile struct{ *File }

func (f flowFile) Write(r *flow.Record) error { return f.note(f.records.Write(r)) }

// note counts what was written, or keeps the error.
func (f *File) note(err error) error {
	if err != nil {
		f.fail(err)
		return f.failed
	}
	f.written++
	return nil
}

// fail keeps the first error, and how many packets are in the file all the same.
func (f *File) fail(err error) {
	if f.failed == nil {
		f.failed = fmt.Errorf("output: %s: %w", f.Path, err)
	}
	if wrote, ok := errors.AsType[*pcap.WriteError](err); ok {
		f.written = wrote.Packets
	}
}

// Close ends the file. Whatever was written before is then a valid capture or
// table; a table that cannot be ended, and a file with nothing in it, is removed.
// The error is that of the first write that failed, if Write has not returned it.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	before := f.failed
	var end io.Closer = f.sink
	if f.records != nil {
		end = f.records
	}
	f.closers = append([]io.Closer{end}, f.closers...)
	if err := f.closeAll(); err != nil {
		f.fail(err)
	}
	if f.written == 0 || f.failed != nil && !f.Kind.IsCapture() {
		f.written = 0
		if err := f.remove(); err != nil {
			f.fail(err)
		}
	}
	if before != nil {
		return nil
	}
	return f.failed
}

// closeAll closes what is behind the sink and returns the first error.
func (f *File) closeAll() error {
	var err error
	for _, c := range f.closers {
		if e := c.Close(); err == nil {
			err = e
		}
	}
	f.closers = nil
	return err
}

// remove removes the files, unless they are none of their own.
func (f *File) remove() error {
	names := []string{f.Path}
	if f.split != nil {
		names = f.split.Names()
	}
	for _, name := range names {
		info, err := os.Lstat(name)
		if f.foreign || name == Standard || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Written returns how many packets the file holds, or flows, as Kind says; 0: there is no
// file.
func (f *File) Written() int64 { return f.written }
