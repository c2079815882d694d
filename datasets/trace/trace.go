// Package trace reads any file of packets: a trace is a capture (pcap or pcapng),
// a packet table (Parquet, Arrow, CSV), NeCSTGen's published packets (CSV), or the
// log of a LoRaWAN gateway (CSV), all of them plain and the streams also compressed
// with gzip or zstd. The first bytes tell which it is, never the name.
//
//   - [Open] opens data sets of the catalog, files, folders and patterns of names,
//     [OpenFiles] and [OpenFile] files, and [New] takes any reader. The result is one
//     [Trace], of several files that whose packets merge in time order.
//   - [Trace.Packets] is the stream of its packets, as far as a [Selection] asks for
//     them, as they are inside of tunnels, and [Trace.Uplinks] that of a gateway's log.
//   - [Trace.Info] is then what the file says of itself, [Trace.Warnings] what is odd
//     about it, and [Trace.LeftOut] which uplinks the selection passed over.
//
// A pipe or a device is read once, as a stream, and never waited for in silence.
package trace

import (
	"fmt"
	"io"
	"os"

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
	stream bool     // a reader that somebody else has opened
	what   content
	reader *pcap.Reader // of a capture

	compression string
	clock       flow.Clock
	leftOut     map[string]int64
	grown       error

	parts  []*Trace // the files that are one trace; nil: this one alone
	at     int      // the part that the last packet comes from
	origin Origin
}

// New makes a trace of a reader, which Close does not close. The name appears in
// messages only.
func New(r io.Reader, name string) *Trace {
	t := &Trace{Name: name, in: io.NopCloser(r), stream: true}
	if f, ok := r.(*os.File); ok {
		t.take(f, false)
	}
	return t
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

// Repeatable reports whether opening the same names once more gives the same packets,
// which a pipe, a device and the standard input do not.
func (t *Trace) Repeatable() bool { return !t.waits && !t.stream }

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

// Frame returns the captured bytes of the packet that came last from Packets, and their
// link type (LINKTYPE_ value). They are valid until the next packet is asked for; nil: the
// packet comes from no capture, but from a table or a log.
func (t *Trace) Frame() (frame []byte, link uint32) {
	if t.parts != nil {
		t = t.parts[t.at]
	}
	if t.reader == nil {
		return nil, 0
	}
	return t.reader.Frame()
}

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
