package tcp

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// frame writes segment i into b, which has room for the largest frame, and
// returns its length.
func (c *openFlow) frame(b []byte, i int) int {
	g := &c.segments[i]
	e := &c.ends[g.dir]
	transport := etherHeader + int(c.ipHeader)
	copy(b, e.template[:transport+4])
	var header int
	if c.proto == flow.TCP {
		header = c.tcpHeader(b[transport:], g, e)
	} else {
		header = udpHeader
		binary.BigEndian.PutUint16(b[transport+4:], uint16(udpHeader+g.payload))
		b[transport+6], b[transport+7] = 0, 0
	}
	length := transport + header + int(g.payload)
	switch said := b[transport+header : length]; {
	case c.datagram != nil:
		copy(said, c.datagram)
	case g.again:
		copy(said, c.kept.payload)
	case g.payload > 0:
		c.payloads.Fill(said, g.dir, i, c)
		if g.kept {
			c.kept.payload = append(c.kept.payload[:0], said...)
		}
	}
	c.ipLength(b[etherHeader:], e, length-etherHeader)
	c.transportChecksum(b[transport:length], e)
	if length < flow.MinFrame && !e.host.Unpadded && c.tunnel == nil {
		clear(b[length:flow.MinFrame])
		length = flow.MinFrame
	}
	return length
}

// ipLength sets the length of the IP packet and, for IPv4, identification and checksum.
func (c *openFlow) ipLength(ip []byte, e *end, length int) {
	be := binary.BigEndian
	if c.ipHeader == ipv6Header {
		be.PutUint16(ip[4:], uint16(length-ipv6Header))
		return
	}
	id := e.host.NextID
	e.host.NextID++
	be.PutUint16(ip[2:], uint16(length))
	be.PutUint16(ip[4:], id)
	be.PutUint16(ip[10:], ^fold(e.ipSum+uint32(length)+uint32(id)))
}

// transportChecksum sets the checksum of a TCP segment or UDP datagram, header
// and payload.
func (c *openFlow) transportChecksum(b []byte, e *end) {
	at := 16
	if c.proto == flow.UDP {
		at = 6
	}
	sum := ^fold(checksum16(e.sum+uint32(len(b)), b[4:])) // the ports are in e.sum
	if sum == 0 && c.proto == flow.UDP {
		sum = 0xffff // RFC 768: 0 means no checksum
	}
	binary.BigEndian.PutUint16(b[at:], sum)
}

// tcpHeader writes everything behind the ports but the checksum, and returns
// the header's length.
func (c *openFlow) tcpHeader(b []byte, g *segment, e *end) int {
	be := binary.BigEndian
	sequence := c.sequence(g)
	be.PutUint32(b[4:], sequence)
	ack := uint32(0)
	if g.flags&flow.ACK != 0 {
		ack = c.ends[1-g.dir].isn + g.ack
	}
	be.PutUint32(b[8:], ack)
	header := tcpHeader + int(g.options)
	b[12] = byte(header/4) << 4
	b[13] = byte(g.flags)
	be.PutUint16(b[14:], g.window)
	be.PutUint32(b[16:], 0) // checksum, urgent pointer
	if g.options > 0 {
		c.tcpOptions(b[tcpHeader:header], g)
	}
	if g.kept {
		c.kept.sequence = sequence
	}
	if !g.again {
		e.sent += uint32(g.consumes())
	}
	return header
}

// sequence returns the sequence number of the next segment.
func (c *openFlow) sequence(g *segment) uint32 {
	if g.again {
		return c.kept.sequence
	}
	return c.ends[g.dir].isn + c.ends[g.dir].sent
}

// Option kinds (IANA TCP parameters).
const (
	optionNOP   = 1
	optionMSS   = 2
	optionScale = 3
	optionSACK  = 4 // permitted
	optionRange = 5 // selected
	optionStamp = 8
)

// tcpOptions fills b with the options of the segment's layout.
func (c *openFlow) tcpOptions(b []byte, g *segment) {
	if g.flags&flow.SYN == 0 {
		b[0], b[1] = optionNOP, optionNOP
		if c.timestamps {
			c.stamp(b[2:], g)
			b = b[timestampOptions:]
		}
		if len(b) > 0 {
			c.selectRange(b, c.ends[1-g.dir].isn)
		}
		return
	}
	l, n := layoutOf(g.options), 0
	if l.mss {
		n += copy(b, []byte{optionMSS, 4, byte(c.mss(g.dir) >> 8), byte(c.mss(g.dir))})
	}
	scale := [4]byte{optionNOP, optionScale, 3, c.scale(g.dir)}
	if l.sack && l.stamp { // Linux and macOS
		n += copy(b[n:], []byte{optionSACK, 2})
		c.stamp(b[n:], g)
		n += 10
		n += copy(b[n:], scale[:])
		clear(b[n:])
		return
	}
	if l.scale {
		n += copy(b[n:], scale[:])
	}
	if l.sack {
		n += copy(b[n:], []byte{optionNOP, optionNOP, optionSACK, 2})
	}
	if l.stamp {
		n += copy(b[n:], []byte{optionNOP, optionNOP})
		c.stamp(b[n:], g)
	}
}

// selectRange writes the next of the connection's selections.
func (c *openFlow) selectRange(b []byte, isn uint32) {
	s := c.selections[0]
	c.selections = c.selections[1:]
	n := copy(b, []byte{optionNOP, optionNOP, optionRange, 10})
	binary.BigEndian.PutUint32(b[n:], isn+s.left)
	binary.BigEndian.PutUint32(b[n+4:], isn+s.right)
}

// stamp writes the timestamps option: the sender's clock, and of the peer's
// clock the time of the segment that is echoed.
func (c *openFlow) stamp(b []byte, g *segment) {
	be := binary.BigEndian
	b[0], b[1] = optionStamp, 10
	be.PutUint32(b[2:], c.clock(g.dir, g.time))
	echo := uint32(0)
	switch {
	case g.echo >= 0:
		echo = c.clock(1-g.dir, c.segments[g.echo].time)
	case g.flags&flow.ACK != 0:
		echo = c.clock(1-g.dir, c.segments[0].time) - 1 // heard before the capture began
	}
	be.PutUint32(b[6:], echo)
}

// clock returns the TCP timestamp of a side at a time: milliseconds, as in Linux.
func (c *openFlow) clock(dir flow.Direction, at int64) uint32 {
	return c.ends[dir].host.ClockOffset + uint32(at/1e6)
}
