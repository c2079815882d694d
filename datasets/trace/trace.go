// Package trace reads any file of packets: a trace is a capture (pcap or pcapng),
// a packet table (Parquet, Arrow, CSV), NeCSTGen's published packets (CSV), or the
// log of a LoRaWAN gateway (CSV), all of them plain and the streams also compressed
// with gzip or zstd. The first bytes tell which it is, never the name.
//
//   - [Open] opens data sets of the catalog, files, folders and patterns of names,
//     [OpenFiles] and [OpenFile] files, and [New] takes any reader. The result is one
//     [Trace], of several files that whose packets merge in time order.
//   - [Trace.Packets] is the stream of its packets, as far as a [Selection] asks for
//     them, and [Trace.Uplinks] that of a gateway's log.
//   - [Trace.Info] is then what the file says of itself, [Trace.Warnings] what is odd
//     about it, and [Trace.LeftOut] which uplinks the selection passed over.
//
// A pipe or a device is read once, as a stream, and never waited for in silence.
package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Trace is an open file or stream of packets, or several files as one. The bytes of
// one file, as they are stored, or the packets can be read, once.
type Trace struct {
	Name string               // for messages
	Say  func(message string) // is told every ten seconds how much of a pipe or device has come; nil: nobody is

	in     io.ReadCloser
	file   *os.File // nil: a stream
	size   int64    // bytes of file when it was opened
	waits  bool     // reading may have to wait: a pipe or device
	what   content
	reader *pcap.Reader // of a capture

	compression string
	clock       flow.Clock
	leftOut     map[string]int64
	grown       error

	parts  []*Trace // the files that are one trace; nil: this one alone
	origin Origin
}

// New makes a trace of a reader, which Close does not close. The name appears in
// messages only.
func New(r io.Reader, name string) *Trace {
	t := &Trace{Name: name, in: io.NopCloser(r)}
	if f, ok := r.(*os.File); ok {
		t.take(f, false)
	}
	return t
}

// Open opens as one trace what names stand for: data sets of the catalog, and files,
// folders and patterns as [Files] has them.
func Open(ctx context.Context, names []string, say func(message string)) (*Trace, error) {
	if len(names) == 1 {
		if info, err := new(catalog.Catalog).Get(names[0]); err == nil && info.Embedded() {
			return openEmbedded(names[0])
		}
	}
	var files []string
	for _, name := range names {
		found, err := resolve(name)
		if err != nil {
			return nil, err
		}
		files = addNew(files, found)
	}
	return OpenFiles(ctx, files, say)
}

// openEmbedded opens an embedded capture.
func openEmbedded(name string) (*Trace, error) {
	r, err := catalog.Open(name)
	if err != nil {
		return nil, err
	}
	return &Trace{Name: name, in: r}, nil
}

// resolve returns the files of a data set, or else those that a name stands for.
func resolve(name string) ([]string, error) {
	sets := new(catalog.Catalog)
	info, unknown := sets.Get(name)
	if unknown == nil && info.Embedded() {
		return nil, fmt.Errorf("trace: %s is embedded in the program, not a file: want it alone", name)
	}
	if unknown == nil {
		return sets.Data(name)
	}
	files, err := Files([]string{name})
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsRune(name, '.') {
		return nil, fmt.Errorf("trace: no file and no data set %s: data list names the data sets", name)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, unknown
	}
	return files, err
}

// OpenFiles opens files as one trace, whose packets merge in time order. Of several
// none may be a pipe or device.
func OpenFiles(ctx context.Context, paths []string, say func(message string)) (*Trace, error) {
	switch len(paths) {
	case 0:
		return nil, errors.New("trace: no file: want at least one")
	case 1:
		return OpenFile(ctx, paths[0], say)
	}
	t := &Trace{Name: fmt.Sprintf("%s and %d more files", paths[0], len(paths)-1), in: io.NopCloser(noBytes{})}
	for _, path := range paths {
		part, err := OpenFile(ctx, path, nil) // now, so that one that cannot be opened is known before the first packet
		if err != nil {
			return nil, err
		}
		if err := part.Close(); err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		t.parts = append(t.parts, part)
	}
	return t, nil
}

// noBytes is what Read finds in a trace of several files.
type noBytes struct{}

// Read returns an error.
func (noBytes) Read([]byte) (int, error) {
	return 0, errors.New("trace: several files are no one file: read each by itself")
}

// OpenFile opens a file. A pipe or device is announced by say before it is waited
// for; where say is nil it is refused, because it can be read only once and may have
// to be waited for. The end of ctx ends the wait.
func OpenFile(ctx context.Context, path string, say func(message string)) (*Trace, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("trace: open %s: %w", path, errors.Unwrap(err))
	}
	kind := kindOf(info.Mode())
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("trace: %s is a folder: want a file", path)
	case kind != "" && say == nil:
		return nil, fmt.Errorf("trace: %s is %s, which can be read only once: want a file", path, kind)
	case kind != "":
		say(fmt.Sprintf("reading %s, %s, to its end", path, kind))
	}
	f, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	t := &Trace{Name: path, Say: say}
	t.take(f, true)
	return t, nil
}

// take makes f the source. own says that Close closes it.
func (t *Trace) take(f *os.File, own bool) {
	if own {
		t.in = f
	}
	info, err := f.Stat()
	if t.waits = err != nil || !info.Mode().IsRegular(); !t.waits {
		t.file, t.size = f, info.Size()
	}
}

// kindOf names what a file is that is neither regular nor a folder.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular() || mode.IsDir():
		return ""
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}

// open opens a file. Opening a named pipe waits for who writes to it; that wait
// ends with ctx.
func open(ctx context.Context, path string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(path)
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.file, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close closes what Open, OpenFiles or OpenFile has opened.
func (t *Trace) Close() error { return t.in.Close() }

// Read reads the bytes of a trace of one file as they are stored.
func (t *Trace) Read(p []byte) (int, error) { return t.in.Read(p) }

// files returns the traces of single files that the trace is made of.
func (t *Trace) files() []*Trace {
	if t.parts == nil {
		return []*Trace{t}
	}
	return t.parts
}

// Info returns what the files say of themselves, as far as their packets have been
// read.
func (t *Trace) Info() pcap.Info {
	all := pcap.Info{Interfaces: []pcap.Interface{}}
	for _, file := range t.files() {
		info := pcap.Info{Format: string(file.what)}
		if file.reader != nil {
			info = file.reader.Info()
		}
		info.Compression = file.compression
		all.Merge(&info)
	}
	return all
}

// Origin says where a packet comes from.
type Origin struct {
	File   string // as the trace's name has it
	Number int64  // of the packet in its file, from 0
}

// Origin returns where the packet that came last from Packets stands.
func (t *Trace) Origin() Origin { return t.origin }

// LeftOut counts the uplinks that the selection has passed over, by their port and
// gateway in words.
func (t *Trace) LeftOut() map[string]int64 { return t.leftOut }

// Clock returns what the times of the packets say, of those that have been read.
func (t *Trace) Clock() flow.Clock { return t.clock }

// Warnings returns what is odd about the trace as far as it was read: a file grew
// meanwhile, or the times jump as no clock does.
func (t *Trace) Warnings() []error {
	var odd []error
	for _, file := range t.files() {
		if file.grown != nil {
			odd = append(odd, file.grown)
		}
	}
	if err := t.clock.Check(); err != nil {
		odd = append(odd, fmt.Errorf("trace: %s: %w", t.Name, err))
	}
	return odd
}

// watch notes it when the file has grown since it was opened.
func (t *Trace) watch() {
	if t.file == nil {
		return
	}
	if info, err := t.file.Stat(); err == nil && info.Size() > t.size {
		t.grown = fmt.Errorf("trace: %s: the file grew from %d to %d bytes while it was read: is it still being written?", t.Name, t.size, info.Size())
	}
}
