package output

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Standard is the path that stands for the standard output.
const Standard = "-"

// Kind is what a file holds, by its name.
type Kind struct {
	Table   table.Format       // "": a capture
	Capture pcap.WriterOptions // of a capture
}

// captureEndings are those of captures; tables have those of table.FormatOf.
var captureEndings = []string{"", ".pcap", ".cap", ".pcapng"}

// KindOf returns what a file of that name holds: a table where it ends in
// .parquet, .arrow, .feather, .ipc or .csv; a pcapng capture where it ends in
// .pcapng; a pcap capture where it ends in .pcap or .cap or in nothing; captures
// compressed where .gz or .zst follows. Other endings are refused.
func KindOf(path string) (Kind, error) {
	if path == Standard || filepath.Dir(path) == "/dev" {
		return Kind{}, nil
	}
	if format, err := table.FormatOf(path); err == nil {
		return Kind{Table: format}, nil
	}
	var k Kind
	name := path
	for suffix, compression := range map[string]pcap.Compression{".gz": pcap.Gzip, ".zst": pcap.Zstd} {
		if short, ok := strings.CutSuffix(name, suffix); ok {
			name, k.Capture.Compression = short, compression
			break
		}
	}
	ending := strings.ToLower(filepath.Ext(name))
	if !slices.Contains(captureEndings, ending) {
		return Kind{}, fmt.Errorf("output: %s: unknown ending %s: want .pcap or .pcapng, also with .gz or .zst behind, .parquet, .arrow or .csv", path, filepath.Ext(name))
	}
	k.Capture.PCAPNG = ending == ".pcapng"
	return k, nil
}

// Options are what the name of a capture does not say. The zero value is Ethernet in
// one file.
type Options struct {
	Link      tcp.Link      // of the frames
	SplitSize int64         // a capture goes on in another file before it is larger; 0: never
	SplitTime time.Duration // and after so long by its packets' times; 0: never
}

// split reports whether captures are split.
func (o Options) split() bool { return o.SplitSize > 0 || o.SplitTime > 0 }

// File is a sink that is a file.
type File struct {
	Path string
	Kind Kind

	sink    Sink
	split   *pcap.SplitWriter
	closers []io.Closer // behind the sink
	packets int64       // taken
	failed  error       // the first write that failed
	closed  bool
}

// Create creates the file of that name, or writes to stdout where it is Standard.
func Create(path string, options Options, stdout io.Writer) (*File, error) {
	kind, err := KindOf(path)
	if err != nil {
		return nil, err
	}
	kind.Capture.LinkType = options.Link.Type()
	f := &File{Path: path, Kind: kind}
	if kind.Table == "" && options.split() {
		if err := f.openSplit(options); err != nil {
			return nil, err
		}
		return f, nil
	}
	out := stdout
	if path != Standard {
		file, err := os.Create(path)
		if err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
		out, f.closers = file, append(f.closers, file)
	}
	if kind.Table == "" {
		f.sink, err = Capture(out, kind.Capture)
	} else {
		buffered := bufio.NewWriterSize(out, 1<<20)
		f.closers = append([]io.Closer{flusher{buffered}}, f.closers...)
		f.sink, err = Table(buffered, kind.Table, options.Link)
	}
	if err != nil {
		return nil, errors.Join(err, f.closeAll(), f.remove())
	}
	return f, nil
}

// flusher empties a buffer when it is closed.
type flusher struct{ w *bufio.Writer }

func (f flusher) Close() error { return f.w.Flush() }

// Write takes a frame, as Sink says.
func (f *File) Write(frame *tcp.Frame) error {
	if err := f.sink.Write(frame); err != nil {
		f.fail(err)
		return f.failed
	}
	f.packets++
	return nil
}

// fail keeps the first error, and how many packets are in the file all the same.
func (f *File) fail(err error) {
	if f.failed == nil {
		f.failed = fmt.Errorf("output: %s: %w", f.Path, err)
	}
	if wrote, ok := errors.AsType[*pcap.WriteError](err); ok {
		f.packets = wrote.Packets
	}
}

// Close ends the file. Whatever was written before is then a valid capture or
// table; a table that cannot be ended, and a file without a packet, is removed.
// The error is that of the first write that failed, if Write has not returned it.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	before := f.failed
	if err := f.sink.Close(); err != nil {
		f.fail(err)
	}
	if err := f.closeAll(); err != nil {
		f.fail(err)
	}
	if f.packets == 0 || f.failed != nil && f.Kind.Table != "" {
		f.packets = 0
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
		if name == Standard || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Packets returns how many packets the file holds; 0: there is no file.
func (f *File) Packets() int64 { return f.packets }
