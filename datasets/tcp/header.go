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
	c.ipLength(b[etherHeader:], g, length-etherHeader)
	c.transportChecksum(b[transport:length], e)
	if length < flow.MinFrame && !e.host.Unpadded && c.tunnel == nil {
		clear(b[length:flow.MinFrame])
		length = flow.MinFrame
	}
	return length
}

// ipLength sets the length of the IP packet and, for IPv4, identification and checksum.
func (c *openFlow) ipLength(ip []byte, g *segment, length int) {
	be := binary.BigEndian
	if c.ipHeader == ipv6Header {
		be.PutUint16(ip[4:], uint16(length-ipv6Header))
		return
	}
	e := &c.ends[g.dir]
	id := e.identification(g)
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

// What a segment that is no SYN carries in so many bytes of options: timestamps (RFC 7323,
// appendix A), a selected range (RFC 2018), or both.
var (
	stampedSegment   = flow.NewTCPOptions(flow.OptionNOP, flow.OptionNOP, flow.OptionTimestamps)
	selectingSegment = flow.NewTCPOptions(flow.OptionNOP, flow.OptionNOP, flow.OptionSACK)
	bothSegment      = flow.NewTCPOptions(flow.OptionNOP, flow.OptionNOP, flow.OptionTimestamps, flow.OptionNOP, flow.OptionNOP, flow.OptionSACK)
)

// segmentOptions returns the options that tcpOptions writes into a segment that is no SYN.
func segmentOptions(size uint8, timestamps bool) flow.TCPOptions {
	switch {
	case size == timestampOptions+sackOptions:
		return bothSegment
	case size == 0:
		return 0
	case timestamps:
		return stampedSegment
	}
	return selectingSegment
}

// tcpOptions fills b with the options of the segment's layout.
func (c *openFlow) tcpOptions(b []byte, g *segment) {
	if g.flags&flow.SYN == 0 {
		if c.timestamps {
			b[0], b[1] = flow.OptionNOP.Number(), flow.OptionNOP.Number()
			c.stamp(b[2:], g)
			b = b[timestampOptions:]
		}
		if len(b) > 0 {
			c.selectRange(b, c.ends[1-g.dir].isn)
		}
		return
	}
	clear(b)
	l, n := c.layout(g), 0
	for i := 0; ; i++ {
		kind, ok := l.options.At(i)
		if !ok {
			return
		}
		option := b[n : n+kind.Length()]
		n += len(option)
		if option[0] = kind.Number(); len(option) > 1 {
			option[1] = uint8(len(option))
		}
		switch kind {
		case flow.OptionMSS:
			binary.BigEndian.PutUint16(option[2:], c.mss(g.dir))
		case flow.OptionScale:
			option[2] = c.scale(g.dir)
		case flow.OptionTimestamps:
			c.stamp(option, g)
		}
	}
}

// layout returns the options of a SYN or SYN/ACK.
func (c *openFlow) layout(g *segment) *synLayout {
	if g.flags&flow.ACK != 0 {
		return &c.layouts[1]
	}
	return &c.layouts[0]
}

// selectRange writes the next of the connection's selections.
func (c *openFlow) selectRange(b []byte, isn uint32) {
	s := c.selections[0]
	c.selections = c.selections[1:]
	n := copy(b, []byte{flow.OptionNOP.Number(), flow.OptionNOP.Number(), flow.OptionSACK.Number(), sackOptions - 2})
	binary.BigEndian.PutUint32(b[n:], isn+s.left)
	binary.BigEndian.PutUint32(b[n+4:], isn+s.right)
}

// stamp writes the timestamps option: the sender's clock, and of the peer's
// clock the time of the segment that is echoed.
func (c *openFlow) stamp(b []byte, g *segment) {
	be := binary.BigEndian
	b[0], b[1] = flow.OptionTimestamps.Number(), 10
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

// clock returns the TCP timestamp of a side at a time.
func (c *openFlow) clock(dir flow.Direction, at int64) uint32 {
	e := &c.ends[dir]
	return e.stamps + e.host.Clock.Ticks(at)
}
