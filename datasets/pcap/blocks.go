package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// The pcapng block types that are read; others are passed over.
const (
	sectionBlock   = 0x0a0d0d0a
	interfaceBlock = 1
	packetBlock    = 2 // obsolete, still met
	simpleBlock    = 3
	enhancedBlock  = 6
)

// maxInterfaces bounds what the interface descriptions of one section hold.
const maxInterfaces = 1 << 16

// blockReader reads the packets of a pcapng file.
type blockReader struct {
	window     *window
	order      binary.ByteOrder
	interfaces []capturePort // of the section
	pending    int           // bytes of the last block, still in the window
	last       int64         // time of the last packet
	said       Info          // of what has been read, but for the section's interfaces
}

// capturePort is an interface description block.
type capturePort struct {
	link   linkType
	snap   int
	fcs    int
	units  uint64 // timestamp units per second
	scale  uint64 // nanoseconds per unit, 0 if it is no whole number
	offset int64  // seconds to add
	err    error  // why its packets cannot be read

	name     string
	resolved string // the resolution in words
	packets  int64
}

// next reads blocks until one holds a packet.
func (n *blockReader) next(r *record) error {
	for {
		if err := n.window.discard(n.pending); err != nil {
			return cut("a block", err)
		}
		n.pending = 0
		kind, total, err := n.head()
		if err != nil {
			return err
		}
		var body []byte
		switch kind {
		case sectionBlock, interfaceBlock, packetBlock, simpleBlock, enhancedBlock:
			if body, err = n.body(kind, total); err != nil {
				return err
			}
		default:
			n.pending = total
			continue
		}
		switch kind {
		case sectionBlock:
			n.section(body)
		case interfaceBlock:
			if len(n.interfaces) >= maxInterfaces {
				return fmt.Errorf("section with more than %d interfaces", maxInterfaces)
			}
			n.interfaces = append(n.interfaces, n.describe(body))
		default:
			return n.packet(r, kind, body)
		}
	}
}

// section begins a section.
func (n *blockReader) section(body []byte) {
	n.list(&n.said)
	n.interfaces = n.interfaces[:0]
	n.said.Sections++
	if len(body) > 16 {
		options(body[16:], n.order, func(code uint16, value []byte) {
			switch {
			case code == optionComment:
				n.said.comment(value)
			case code == optionApplication && n.said.Application == "":
				n.said.Application = clean(value)
			}
		})
	}
}

// list adds the section's interfaces.
func (n *blockReader) list(info *Info) {
	for i := range n.interfaces {
		p := &n.interfaces[i]
		info.add(Interface{LinkType: int(p.link), Link: p.link.String(), SnapLength: p.snap, Resolution: p.resolved, Name: p.name, Packets: p.packets})
	}
}

func (n *blockReader) info() Info {
	info := n.said
	info.Format = "pcapng"
	info.Interfaces = slices.Clone(info.Interfaces)
	n.list(&info)
	return info
}

// comments takes the comments of a packet.
func (n *blockReader) comments(b []byte) {
	options(b, n.order, func(code uint16, value []byte) {
		if code == optionComment {
			n.said.comment(value)
		}
	})
}

// head peeks at a block's type and length and, for a section header, takes its
// byte order.
func (n *blockReader) head() (kind uint32, total int, err error) {
	b, err := n.window.peek(12)
	if err != nil {
		if err == io.EOF && len(b) == 0 {
			return 0, 0, io.EOF
		}
		return 0, 0, cut("a block header", err)
	}
	if binary.LittleEndian.Uint32(b) == sectionBlock {
		switch uint32(0x1a2b3c4d) {
		case binary.LittleEndian.Uint32(b[8:]):
			n.order = binary.LittleEndian
		case binary.BigEndian.Uint32(b[8:]):
			n.order = binary.BigEndian
		default:
			return 0, 0, fmt.Errorf("section header with byte order magic % x", b[8:12])
		}
	}
	kind = n.order.Uint32(b)
	length := n.order.Uint32(b[4:])
	if length < 12 || length > 1<<30 {
		return 0, 0, fmt.Errorf("block of type %#x claims %d bytes: want 12 to %d", kind, length, 1<<30)
	}
	return kind, int(length+3) &^ 3, nil
}

// body peeks at the whole block and returns what stands between its two lengths;
// the second one lies behind it, within its capacity.
func (n *blockReader) body(kind uint32, total int) ([]byte, error) {
	if total > windowSize {
		n.pending = total
		if kind == sectionBlock || kind == interfaceBlock {
			return nil, fmt.Errorf("block of type %#x has %d bytes: want at most %d", kind, total, windowSize)
		}
		return nil, damagedf("block of %d bytes: want at most %d", total, windowSize)
	}
	b, err := n.window.peek(total)
	if err != nil {
		return nil, cut(fmt.Sprintf("a block of %d bytes", total), err)
	}
	n.pending = total
	return b[8 : total-4 : total], nil
}

func (n *blockReader) packet(r *record, kind uint32, body []byte) error {
	var id, captured, length int
	var stamp uint64
	header := 20
	switch {
	case kind == simpleBlock && len(body) >= 4:
		header = 4
		length = int(n.order.Uint32(body))
		captured = min(length, len(body)-header)
	case kind == simpleBlock || len(body) < header:
		return damagedf("packet block with only %d bytes", len(body))
	default:
		id = int(n.order.Uint32(body))
		if kind == packetBlock {
			id = int(n.order.Uint16(body))
		}
		stamp = uint64(n.order.Uint32(body[4:]))<<32 | uint64(n.order.Uint32(body[8:]))
		captured, length = int(n.order.Uint32(body[12:])), int(n.order.Uint32(body[16:]))
	}
	if id >= len(n.interfaces) {
		return damagedf("interface %d is not described: the section has %d", id, len(n.interfaces))
	}
	from := &n.interfaces[id]
	from.packets++
	if from.err != nil {
		return errRecord{fmt.Errorf("interface %d: %w", id, from.err)}
	}
	if kind != simpleBlock {
		time, ok := from.time(stamp)
		if !ok {
			return damagedf("timestamp %d is out of range", stamp)
		}
		n.last = time
	} else if from.snap > 0 {
		captured = min(captured, from.snap)
	}
	if captured > len(body)-header {
		return damagedf("%d captured bytes in a block that has room for %d", captured, len(body)-header)
	}
	if end := header + (captured+3)&^3; kind == enhancedBlock && len(body) > end {
		n.comments(body[end:])
	}
	*r = record{time: n.last, length: length, frame: body[header : header+captured : header+captured], link: from.link, fcs: from.fcs}
	switch behind := n.order.Uint32(body[len(body) : len(body)+4]); { // the block's length again
	case int(behind+3)&^3 != n.pending:
		r.odd = fmt.Errorf("block of %d bytes whose end says %d", n.pending, behind)
	case captured > length:
		r.odd = fmt.Errorf("%d bytes captured of a frame of %d", captured, length)
	}
	return nil
}

// describe reads an interface description: link type, snap length, and the
// options for the timestamps and the frame check sequence.
func (n *blockReader) describe(body []byte) capturePort {
	port := capturePort{units: 1e6, scale: 1000, resolved: "10^-6 s"}
	if len(body) < 8 {
		port.err = fmt.Errorf("description with only %d bytes", len(body))
		return port
	}
	port.link, port.snap = linkType(n.order.Uint16(body)), int(n.order.Uint32(body[4:]))
	if !port.link.supported() {
		port.err = port.link.unsupported()
	}
	options(body[8:], n.order, func(code uint16, value []byte) {
		switch {
		case code == optionComment:
			n.said.comment(value)
		case code == optionName:
			port.name = clean(value)
		case code == optionResolution && len(value) == 1:
			if err := port.resolution(value[0]); err != nil {
				port.err = errors.Join(port.err, err)
			}
		case code == optionFCS && len(value) == 1:
			port.fcs = int(value[0])
		case code == optionOffset && len(value) == 8:
			port.offset = int64(n.order.Uint64(value))
		}
	})
	return port
}

// resolution takes if_tsresol: a negative power of 10, or of 2 where the top bit
// is set.
func (p *capturePort) resolution(v byte) error {
	p.units, p.resolved = 1, fmt.Sprintf("10^-%d s", v)
	switch {
	case v&0x80 != 0 && v&0x7f < 64:
		p.units <<= v & 0x7f
		p.resolved = fmt.Sprintf("2^-%d s", v&0x7f)
	case v < 20:
		for range v {
			p.units *= 10
		}
	default:
		return fmt.Errorf("timestamp resolution %#x: want at most 10^-19 or 2^-63", v)
	}
	p.scale = 0
	if 1e9%p.units == 0 {
		p.scale = 1e9 / p.units
	}
	return nil
}

// time returns a timestamp in nanoseconds since 1970-01-01 UTC, and whether it lies
// in their range, which ends in the year 2262.
func (p *capturePort) time(stamp uint64) (int64, bool) {
	const limit = 4_500_000_000 // seconds: half of what fits
	seconds, rest := stamp/p.units, stamp%p.units
	if seconds > limit || p.offset > limit || p.offset < -limit {
		return 0, false
	}
	base := (int64(seconds) + p.offset) * 1e9
	if p.scale != 0 {
		return base + int64(rest*p.scale), true
	}
	high, low := bits.Mul64(rest, 1e9)
	nanoseconds, _ := bits.Div64(high, low, p.units)
	return base + int64(nanoseconds), true
}
