package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/datasets/flow"
)

// maxZstdWindow is the largest zstd window that is granted, since it is allocated
// on the file's word: zstd's own up to level 20.
const maxZstdWindow = 32 << 20

// record is one captured frame before it is decoded.
type record struct {
	time   int64 // nanoseconds since 1970-01-01 UTC
	length int   // on the wire
	frame  []byte
	link   linkType
	fcs    int   // frame check sequence bytes at the frame's end
	odd    error // an impossible field of the record's header; the frame stands
}

// recordReader yields the records of one format. Errors of type errRecord belong
// to one record; io.EOF ends the capture; any other error is the last.
type recordReader interface {
	next(r *record) error
	info() Info // of what has been read
}

// Ethernet decodes one frame of Ethernet that was captured whole, as Packets does. Payload and
// nothing else is memory of the frame.
func Ethernet(frame []byte) (flow.Packet, error) {
	var d decoder
	err := d.decode(&record{frame: frame, length: len(frame), link: linkEthernet})
	return d.packet, err
}

// Packets reads the packets of a capture in file order: pcap or pcapng, plain,
// gzip or zstd. Name appears in errors only.
//
// A damaged record is a *DecodeError beside the packet as far as it could be
// decoded, and reading goes on. What ends reading before the end of the file
// (no capture, a link type that is not supported, a cut file) is the last
// element, with a zero packet. A packet's Payload is valid until the next one
// is asked for. The stream can be read once.
func Packets(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return NewReader(r, name).Packets()
}

// Reader is a capture whose packets are asked for, and then what the file says of
// itself.
type Reader struct {
	// Decapsulate takes VLAN tags, MPLS labels and the headers of tunnels off frames: IP in IP, GRE,
	// VXLAN, Geneve and GTP-U. Packets are those inside, and their Encapsulation is what has
	// been taken off. False: packets are those that the link carried. It must not change once
	// packets have been asked for.
	Decapsulate bool

	r           io.Reader
	name        string
	records     recordReader
	compression string
	decoder     *decoder // holds the last packet
	last        *record  // it, before it was decoded
}

// NewReader makes a reader. Name appears in errors only.
func NewReader(r io.Reader, name string) *Reader { return &Reader{r: r, name: name} }

// Packets returns the stream that the function Packets returns.
func (r *Reader) Packets() iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		records, stop, err := r.open()
		if err != nil {
			yield(flow.Packet{}, fmt.Errorf("pcap: %s: %w", r.name, err))
			return
		}
		defer stop()
		r.decoder, r.last = &decoder{unwrap: r.Decapsulate}, new(record)
		read(records, r.name, r.last, r.decoder, yield)
	}
}

// Frame returns the captured bytes of the packet that came last from Packets, without a
// frame check sequence, and their link type (LINKTYPE_ value). They are valid until the
// next packet is asked for.
func (r *Reader) Frame() (frame []byte, link uint32) {
	if r.decoder == nil {
		return nil, 0
	}
	return r.decoder.whole, uint32(r.last.link)
}

// Info returns what has been read so far of the file's own descriptions: link types,
// interfaces, comments.
func (r *Reader) Info() Info {
	if r.records == nil {
		return Info{Interfaces: []Interface{}}
	}
	info := r.records.info()
	info.Compression = r.compression
	return info
}

func read(records recordReader, name string, r *record, d *decoder, yield func(flow.Packet, error) bool) {
	for number := int64(0); ; number++ {
		err := records.next(r)
		if err == nil {
			err = d.decode(r)
		} else {
			d.packet, d.frame, d.whole = flow.Packet{Time: r.time}, nil, nil
		}
		d.packet.Number = number
		switch {
		case err == nil:
		case err == io.EOF:
			return
		case errors.As(err, new(errRecord)):
			err = &DecodeError{Name: name, Number: number, Err: err}
		default:
			yield(flow.Packet{}, fmt.Errorf("pcap: %s: packet %d: %w", name, number, err))
			return
		}
		if !yield(d.packet, err) {
			return
		}
	}
}

// open senses compression and format. The returned function frees what the
// decompressor holds.
func (r *Reader) open() (recordReader, func(), error) {
	data, compression, stop, err := decompress(r.r)
	if err != nil {
		return nil, nil, err
	}
	r.compression = compression
	if r.records, err = openFormat(data); err != nil {
		r.records = nil
		stop()
		return nil, nil, err
	}
	return r.records, stop, nil
}

// Decompress returns a reader of what gzip or zstd holds, seen from the first bytes, or
// of r itself where it is neither, and which of them it was: "gzip", "zstd" or "".
// Close frees what the decompressor holds; it does not close r. Name appears in
// errors only.
func Decompress(r io.Reader, name string) (plain io.ReadCloser, compression string, err error) {
	data, compression, stop, err := decompress(r)
	if err != nil {
		return nil, "", fmt.Errorf("pcap: %s: %w", name, err)
	}
	return closer{byteReader{data}, stop}, compression, nil
}

type closer struct {
	io.Reader
	stop func()
}

func (c closer) Close() error {
	c.stop()
	return nil
}

// decompress is Decompress without the file's name; stop frees what the decompressor
// holds.
func decompress(r io.Reader) (data *window, compression string, stop func(), err error) {
	stop = func() {}
	data = newWindow(r)
	magic, err := data.peek(4)
	if err != nil {
		return nil, "", nil, headerError(len(magic), err)
	}
	switch {
	case magic[0] == 0x1f && magic[1] == 0x8b:
		unzip, err := gzip.NewReader(byteReader{data})
		if err != nil {
			return nil, "", nil, fmt.Errorf("gzip: %w", err)
		}
		data, compression = newWindow(unzip), "gzip"
	case binary.LittleEndian.Uint32(magic) == 0xfd2fb528:
		unzip, err := zstd.NewReader(byteReader{data}, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, "", nil, fmt.Errorf("zstd: %w", err)
		}
		data, compression, stop = newWindow(unzip), "zstd", unzip.Close
	}
	return data, compression, stop, nil
}

// openFormat chooses the reader by the first bytes.
func openFormat(data *window) (recordReader, error) {
	magic, err := data.peek(4)
	if err != nil {
		return nil, headerError(len(magic), err)
	}
	if binary.LittleEndian.Uint32(magic) == sectionBlock {
		return &blockReader{window: data}, nil
	}
	return newClassicReader(data)
}

// headerError returns the error for a file whose first bytes, of which got were read,
// are too few or cannot be read.
func headerError(got int, err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return fmt.Errorf("zstd: window of more than %d MiB: decompress it first (zstd -d --long=31)", maxZstdWindow>>20)
	}
	if err == io.EOF && got == 0 {
		return errors.New("the capture is empty")
	}
	if err == io.EOF {
		return fmt.Errorf("%w: only %d bytes", ErrNotCapture, got)
	}
	return fmt.Errorf("reading the file header: %w", err)
}

// cut returns the error for a file that ends inside a record, or for a reader that fails there.
func cut(what string, err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut inside %s: %w", what, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("reading %s: %w", what, err)
}
