package pcap

import (
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
	window  *window
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
	claimed int // snap length, as the file says
	packets int64
}

func newClassicReader(data *window) (*classicReader, error) {
	b, err := data.peek(24)
	if err != nil && len(b) < 4 {
		return nil, headerError(len(b), err)
	}
	c := &classicReader{window: data, header: 16, scale: 1000}
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
	c.snap, c.claimed = windowSize-c.header, int(c.order.Uint32(b[16:]))
	network := c.order.Uint32(b[20:])
	if network&(1<<26) != 0 { // the FCS field is valid: 16-bit words
		c.fcs = int(network>>28) * 2
	}
	c.link = linkType(network & 0xffff)
	if !c.link.supported() {
		return nil, c.link.unsupported()
	}
	return c, data.discard(24)
}

func classicMagic(m uint32) bool {
	return m == magicMicroseconds || m == magicNanoseconds || m == magicModified
}

func (c *classicReader) info() Info {
	resolution := "10^-6 s"
	if c.scale == 1 {
		resolution = "10^-9 s"
	}
	return Info{Format: "pcap", Sections: 1,
		Interfaces: []Interface{{LinkType: int(c.link), Link: c.link.String(), SnapLength: c.claimed, Resolution: resolution, Packets: c.packets}}}
}

func (c *classicReader) next(r *record) error {
	if err := c.window.discard(c.pending); err != nil {
		return err
	}
	c.pending = 0
	b, err := c.window.peek(c.header)
	if err != nil {
		if err == io.EOF && len(b) == 0 {
			return io.EOF
		}
		return cut("a record header", err)
	}
	seconds, fraction, captured, length := c.fields(b)
	if captured > c.snap {
		return c.resume(captured)
	}
	whole := c.header + captured
	b, err = c.window.peek(whole)
	if err != nil {
		return cut(fmt.Sprintf("a record of %d bytes", captured), err)
	}
	c.pending, c.last = whole, seconds
	c.packets++
	*r = record{time: seconds*1e9 + fraction*c.scale, length: length, frame: b[c.header:whole:whole], link: c.link, fcs: c.fcs}
	if fraction*c.scale >= 1e9 || captured > length {
		c.impossible(r, seconds, fraction)
	}
	return nil
}

// impossible notes what no capture program writes (section 5 of the format's draft):
// a fraction of a second or more, of which only the whole seconds are believed, or
// more bytes than the frame had.
func (c *classicReader) impossible(r *record, seconds, fraction int64) {
	if fraction*c.scale >= 1e9 {
		r.time = seconds * 1e9
		r.odd = fmt.Errorf("%d units of %d ns behind the whole second: want less than %d", fraction, c.scale, int64(1e9)/c.scale)
		return
	}
	r.odd = fmt.Errorf("%d bytes captured of a frame of %d", len(r.frame), r.length)
}

// resume looks for the next record behind a header that cannot be one: the first
// place from which two headers stand behind each other, or one that ends with the
// file. What lies between is one damaged record.
func (c *classicReader) resume(claimed int) error {
	b, err := c.window.peek(windowSize)
	if err != nil && err != io.EOF {
		return err
	}
	for at := 1; at+c.header <= len(b); at++ {
		if !c.plausible(b[at:]) {
			continue
		}
		_, _, captured, _ := c.fields(b[at:])
		behind := at + c.header + captured
		if behind == len(b) && err == io.EOF || behind+c.header <= len(b) && c.plausible(b[behind:]) {
			c.pending = at
			return damagedf("record claims %d bytes, %d bytes are passed over", claimed, at)
		}
	}
	return fmt.Errorf("record claims %d bytes, and no record is found behind it", claimed)
}

// plausible reports whether b may be a record's header. It is stricter than a reader
// may be on sound files: the fraction is less than a second, the lengths are those that capture programs keep, and the time is
// within a year of the last good one.
func (c *classicReader) plausible(b []byte) bool {
	const longest, year = 262144, 366 * 86400
	seconds, fraction, captured, length := c.fields(b)
	return fraction*c.scale < 1e9 && captured > 0 && captured <= longest && captured <= length && length <= longest &&
		(c.last == 0 || seconds > c.last-year && seconds < c.last+year)
}

// fields returns a record header's numbers. Two loads by a known byte order are
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
