package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// WriterOptions say how a capture is written. The zero value writes a classic
// pcap of Ethernet frames with nanosecond times, uncompressed.
type WriterOptions struct {
	PCAPNG       bool        // pcapng, one section and one interface, in place of classic pcap
	Microseconds bool        // microsecond times (truncated) in place of nanoseconds
	LinkType     uint32      // link type of all frames (LINKTYPE_ value); 0: 1, Ethernet
	SnapLength   int         // bytes kept of a frame; 0: 262144
	Compression  Compression // none, gzip or zstd
	BufferSize   int         // bytes gathered before w is written to; 0: 256 KiB
}

// Values that stand in for zero options.
const (
	defaultSnapLength = 262144  // tcpdump's own default
	defaultBufferSize = 1 << 18 // measured: larger gains nothing
	ethernetLinkType  = 1
)

// Magic numbers and block types (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
const (
	writeMagicMicros    = 0xa1b2c3d4
	writeMagicNanos     = 0xa1b23c4d
	pcapHeaderSize      = 24
	pcapRecordSize      = 16
	ngSectionHeader     = 0x0a0d0d0a
	ngByteOrderMagic    = 0x1a2b3c4d
	ngInterface         = 1
	ngEnhancedPacket    = 6
	ngEnhancedFixedSize = 32
)

// WriteError is a failed write. The capture holds Packets whole packets: what
// came after them was cut off again where the file allows that.
type WriteError struct {
	Packets int64
	Err     error
}

// Error names the number of packets that are in the capture.
func (e *WriteError) Error() string {
	return fmt.Sprintf("pcap: write failed, the capture ends after %d packets: %v", e.Packets, e.Err)
}

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// Writer writes a capture. What a file holds after a Flush or Close is a valid capture,
// compressed or not; a compressed stream that is no file is valid after Close. It is not
// safe for concurrent use.
type Writer struct {
	opts    WriterOptions
	buf     []byte // whole records not yet handed to sink
	sink    sink
	packets int64 // accepted
	bytes   int64 // frame bytes accepted, before the snap length
	err     error // the first failure: every later call returns it
}

// NewWriter writes the file header to a buffer and returns the Writer. Where w
// is a file (io.Seeker with Truncate), a write that fails in the middle of a
// packet is cut back to the last whole one.
func NewWriter(w io.Writer, opts WriterOptions) (*Writer, error) {
	if w == nil {
		return nil, errors.New("pcap: writer: no destination")
	}
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if opts.LinkType == 0 {
		opts.LinkType = ethernetLinkType
	}
	if opts.SnapLength == 0 {
		opts.SnapLength = defaultSnapLength
	}
	if opts.BufferSize == 0 {
		opts.BufferSize = defaultBufferSize
	}
	sink, err := newSink(w, opts.Compression)
	if err != nil {
		return nil, err
	}
	p := &Writer{opts: opts, sink: sink, buf: make([]byte, 0, opts.BufferSize)}
	if opts.PCAPNG {
		p.buf = appendNGHeader(p.buf, &p.opts)
	} else {
		p.buf = appendPcapHeader(p.buf, &p.opts)
	}
	return p, nil
}

func (o *WriterOptions) validate() error {
	var problems []error
	if o.SnapLength < 0 {
		problems = append(problems, fmt.Errorf("pcap: writer: SnapLength is %d, want 0 (no limit) or more", o.SnapLength))
	}
	if o.BufferSize < 0 {
		problems = append(problems, fmt.Errorf("pcap: writer: BufferSize is %d, want 0 (256 KiB) or more", o.BufferSize))
	}
	if o.LinkType > 0xffff {
		problems = append(problems, fmt.Errorf("pcap: writer: LinkType is %d, want at most 65535", o.LinkType))
	}
	if o.Compression >= compressionCount {
		problems = append(problems, fmt.Errorf("pcap: writer: Compression is %v, want none, gzip or zstd", o.Compression))
	}
	return errors.Join(problems...)
}

func appendPcapHeader(b []byte, o *WriterOptions) []byte {
	le := binary.LittleEndian
	magic := uint32(writeMagicNanos)
	if o.Microseconds {
		magic = writeMagicMicros
	}
	b = le.AppendUint32(b, magic)
	b = le.AppendUint16(b, 2) // version 2.4
	b = le.AppendUint16(b, 4)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = le.AppendUint32(b, uint32(o.SnapLength))
	return le.AppendUint32(b, o.LinkType)
}

func appendNGHeader(b []byte, o *WriterOptions) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, ngSectionHeader)
	b = le.AppendUint32(b, 28)
	b = le.AppendUint32(b, ngByteOrderMagic)
	b = le.AppendUint16(b, 1) // version 1.0
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, 1<<64-1) // section length not given
	b = le.AppendUint32(b, 28)

	resolution := byte(9)
	if o.Microseconds {
		resolution = 6
	}
	b = le.AppendUint32(b, ngInterface)
	b = le.AppendUint32(b, 32)
	b = le.AppendUint16(b, uint16(o.LinkType))
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, uint32(o.SnapLength))
	b = append(b, 9, 0, 1, 0, resolution, 0, 0, 0) // if_tsresol
	b = append(b, 0, 0, 0, 0)                      // opt_endofopt
	return le.AppendUint32(b, 32)
}

// Write adds one frame, captured at timeNanoseconds since 1970-01-01 UTC and
// kept up to the snap length. The bytes are copied.
func (p *Writer) Write(timeNanoseconds int64, frame []byte) error {
	return p.WriteCut(timeNanoseconds, frame, len(frame))
}

// WriteCut is Write for a frame of which only the first bytes are at hand: length bytes
// were on the wire.
func (p *Writer) WriteCut(timeNanoseconds int64, frame []byte, length int) error {
	if p.err != nil {
		return p.err
	}
	if err := p.checkTime(timeNanoseconds); err != nil {
		return err
	}
	kept := frame[:min(len(frame), p.opts.SnapLength)]
	if len(p.buf)+ngEnhancedFixedSize+len(kept)+4 > cap(p.buf) {
		if err := p.drain(); err != nil {
			return err
		}
	}
	if p.opts.PCAPNG {
		p.buf = p.appendEnhanced(timeNanoseconds, kept, length)
	} else {
		p.buf = p.appendRecord(timeNanoseconds, kept, length)
	}
	p.packets++
	p.bytes += int64(length)
	return nil
}

// checkTime refuses what the format cannot hold: classic pcap counts seconds in 32 bits.
func (p *Writer) checkTime(t int64) error {
	if t < 0 {
		return fmt.Errorf("pcap: packet %d: time %d ns is before 1970", p.packets, t)
	}
	if !p.opts.PCAPNG && t/1e9 > 1<<32-1 {
		return fmt.Errorf("pcap: packet %d: time %d ns is beyond the year 2106, which pcapng alone can hold", p.packets, t)
	}
	return nil
}

func (p *Writer) appendRecord(t int64, kept []byte, length int) []byte {
	fraction := uint32(t % 1e9)
	if p.opts.Microseconds {
		fraction /= 1000
	}
	var head [pcapRecordSize]byte
	le := binary.LittleEndian
	le.PutUint32(head[0:], uint32(t/1e9))
	le.PutUint32(head[4:], fraction)
	le.PutUint32(head[8:], uint32(len(kept)))
	le.PutUint32(head[12:], uint32(length))
	return append(append(p.buf, head[:]...), kept...)
}

func (p *Writer) appendEnhanced(t int64, kept []byte, length int) []byte {
	units := uint64(t)
	if p.opts.Microseconds {
		units /= 1000
	}
	pad := -len(kept) & 3
	total := uint32(ngEnhancedFixedSize + len(kept) + pad)
	var head [28]byte
	le := binary.LittleEndian
	le.PutUint32(head[0:], ngEnhancedPacket)
	le.PutUint32(head[4:], total)
	le.PutUint32(head[12:], uint32(units>>32))
	le.PutUint32(head[16:], uint32(units))
	le.PutUint32(head[20:], uint32(len(kept)))
	le.PutUint32(head[24:], uint32(length))
	b := append(append(p.buf, head[:]...), kept...)
	b = append(b, "\x00\x00\x00"[:pad]...)
	return le.AppendUint32(b, total)
}

// drain hands the buffered records on. After a failure the packets that reached
// the destination whole are counted.
func (p *Writer) drain() error {
	if p.err != nil || len(p.buf) == 0 {
		return p.err
	}
	kept, err := p.sink.write(p.buf, p.boundary)
	if err != nil {
		lost := p.recordsAfter(kept)
		p.packets -= lost
		p.err = &WriteError{Packets: p.packets, Err: err}
	}
	p.buf = p.buf[:0]
	return p.err
}

// boundary returns the end of the last whole record or header within the first n
// buffered bytes.
func (p *Writer) boundary(n int) int {
	end := 0
	for end < len(p.buf) {
		next := end + p.unitSize(end)
		if next > n {
			break
		}
		end = next
	}
	return end
}

// recordsAfter counts the buffered packet records from offset n on.
func (p *Writer) recordsAfter(n int) int64 {
	var count int64
	for at := 0; at < len(p.buf); at += p.unitSize(at) {
		if at >= n && p.isPacket(at) {
			count++
		}
	}
	return count
}

// unitSize returns the size of the header, block or record that starts at offset at
// of the buffer.
func (p *Writer) unitSize(at int) int {
	le := binary.LittleEndian
	if p.opts.PCAPNG {
		return int(le.Uint32(p.buf[at+4:]))
	}
	if !p.isPacket(at) {
		return pcapHeaderSize
	}
	return pcapRecordSize + int(le.Uint32(p.buf[at+8:]))
}

func (p *Writer) isPacket(at int) bool {
	if p.opts.PCAPNG {
		return binary.LittleEndian.Uint32(p.buf[at:]) == ngEnhancedPacket
	}
	return at > 0 || p.sink.started
}

// Flush writes out what is buffered, so that everything so far can be read. Compressed,
// it ends a block, which costs some bytes.
func (p *Writer) Flush() error { return p.drain() }

// Close flushes; it does not close the destination. A second Close is harmless.
func (p *Writer) Close() error {
	err := p.drain()
	if closeErr := p.sink.close(); err == nil && closeErr != nil {
		err = fmt.Errorf("pcap: close: %w", closeErr)
	}
	return err
}

// Packets returns the number of packets accepted; after a failed write, of those
// that the destination holds.
func (p *Writer) Packets() int64 { return p.packets }

// Bytes returns the sum of the lengths of all frames accepted, before the snap length.
func (p *Writer) Bytes() int64 { return p.bytes }
