package pcap

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// The magic numbers of libpcap files, as the writer's byte order gives them.
const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
	magicModified     = 0xa1b2cd34 // Kuznetsov's patched libpcap: 8 more bytes a record
)

// classicReader reads the records of a libpcap file.
type classicReader struct {
	window  *bufio.Reader
	order   binary.ByteOrder
	little  bool
	scale   int64 // nanoseconds per unit of the fraction
	swapped bool  // versions before 2.3: the two lengths stand the other way round
	maybe   bool  // version 2.3: some writers still swapped them
	header  int   // bytes of a record's header
	snap    int   // the longest record that is believed
	pending int   // bytes of the last record, still in the window
	last    int64 // seconds of the last good record
	link    linkType
	fcs     int
}

func newClassicReader(window *bufio.Reader) (*classicReader, error) {
	b, err := window.Peek(24)
	if err != nil && len(b) < 4 {
		return nil, headerError(len(b), err)
	}
	c := &classicReader{window: window, header: 16, scale: 1000}
	switch {
	case classicMagic(binary.LittleEndian.Uint32(b)):
		c.order, c.little = binary.LittleEndian, true
	case classicMagic(binary.BigEndian.Uint32(b)):
		c.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("%w (it starts with % x)", ErrNotCapture, b[:4])
	}
	if len(b) < 24 {
		return nil, cut("the file header", err)
	}
	switch c.order.Uint32(b) {
	case magicNanoseconds:
		c.scale = 1
	case magicModified:
		c.header = 24
	}
	major, minor := c.order.Uint16(b[4:]), c.order.Uint16(b[6:])
	if major != 2 {
		return nil, fmt.Errorf("pcap version %d.%d is not supported: want 2.x", major, minor)
	}
	c.swapped, c.maybe = minor < 3, minor == 3
	c.snap = windowSize - c.header
	network := c.order.Uint32(b[20:])
	if network&(1<<26) != 0 { // the FCS field is valid: 16-bit words
		c.fcs = int(network>>28) * 2
	}
	c.link = linkType(network & 0xffff)
	if !c.link.supported() {
		return nil, c.link.unsupported()
	}
	_, err = window.Discard(24)
	return c, err
}

func classicMagic(m uint32) bool {
	return m == magicMicroseconds || m == magicNanoseconds || m == magicModified
}

func (c *classicReader) next(r *record) error {
	if _, err := c.window.Discard(c.pending); err != nil {
		return err
	}
	c.pending = 0
	b, err := c.window.Peek(c.header)
	if err != nil {
		if err == io.EOF && len(b) == 0 {
			return io.EOF
		}
		return cut("a record header", err)
	}
	seconds, fraction, captured, length := c.fields(b)
	if captured > c.snap {
		return fmt.Errorf("record of %d bytes: want at most %d", captured, c.snap)
	}
	whole := c.header + captured
	b, err = c.window.Peek(whole)
	if err != nil {
		return cut(fmt.Sprintf("a record of %d bytes", captured), err)
	}
	c.pending, c.last = whole, seconds
	*r = record{time: seconds*1e9 + fraction*c.scale, length: length, frame: b[c.header:whole:whole], link: c.link, fcs: c.fcs}
	return nil
}

// fields are a record header's numbers. Two loads by a known byte order are
// twice as fast as four through the interface.
func (c *classicReader) fields(b []byte) (seconds, fraction int64, captured, length int) {
	_ = b[15]
	if c.little {
		seconds, fraction = int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:]))
		captured, length = int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:]))
	} else {
		seconds, fraction = int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
		captured, length = int(binary.BigEndian.Uint32(b[8:])), int(binary.BigEndian.Uint32(b[12:]))
	}
	if c.swapped || c.maybe && captured > length {
		captured, length = length, captured
	}
	return seconds, fraction, captured, length
}
