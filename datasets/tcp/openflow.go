package tcp

import (
	"encoding/binary"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// end is one side of a flow that is being sent.
type end struct {
	host     *address.HostState
	port     uint16
	isn      uint32 // initial sequence number
	sent     uint32 // sequence numbers used
	window   uint16
	template [etherHeader + ipv6Header + tcpHeader]byte // link, network and ports
	ipSum    uint32                                     // checksum of the fixed part of the IPv4 header
	sum      uint32                                     // of the pseudo header without its length, and the ports
}

// openFlow is a flow that is being sent. What every frame needs comes first,
// in few cache lines: with a thousand flows open, reaching them is most of the cost.
type openFlow struct {
	next     int // index of the segment to send
	id       int64
	ipHeader int32
	proto    uint8
	app      flow.Application
	room     uint16 // largest segment that the MTU leaves room for
	shortest int32  // payload bytes of a datagram of the service
	connection
	ends     [2]end   // by direction
	datagram []byte   // payload of the next segment, where the writer does not make it
	uplinks  []uplink // of LoRaWAN: what segments carry, by segment.echo
	payloads payload.Writer
}

// tuple returns the five-tuple of what this side sends.
func (e *end) tuple(to *end, proto uint8) flow.FiveTuple {
	return flow.FiveTuple{
		Proto: proto,
		Src:   netip.AddrPortFrom(e.host.Address, e.port),
		Dst:   netip.AddrPortFrom(to.host.Address, to.port),
	}
}

// connect prepares both directions' templates.
func (c *openFlow) connect() {
	for dir := range c.ends {
		c.ends[dir].prepare(&c.ends[1-dir], c.proto)
	}
}

// prepare fills in what is the same in every frame of this side.
func (e *end) prepare(to *end, proto uint8) {
	be := binary.BigEndian
	b := e.template[:]
	clear(b)
	copy(b[0:6], to.host.MAC[:])
	copy(b[6:12], e.host.MAC[:])
	ip := b[etherHeader:]
	var ports []byte
	if e.host.Address.Is4() {
		be.PutUint16(b[12:], 0x0800)
		ip[0] = 0x45
		be.PutUint16(ip[6:], 0x4000) // do not fragment
		ip[8] = e.host.TTL
		ip[9] = proto
		src, dst := e.host.Address.As4(), to.host.Address.As4()
		copy(ip[12:], src[:])
		copy(ip[16:], dst[:])
		e.ipSum = checksum16(0, ip[:ipv4Header])
		e.sum = checksum16(uint32(proto), ip[12:20])
		ports = ip[ipv4Header:]
	} else {
		be.PutUint16(b[12:], 0x86dd)
		be.PutUint32(ip, 6<<28|e.isn&0xfffff) // the flow label is any constant of the flow (RFC 6437)
		ip[6] = proto
		ip[7] = e.host.TTL
		src, dst := e.host.Address.As16(), to.host.Address.As16()
		copy(ip[8:], src[:])
		copy(ip[24:], dst[:])
		e.sum = checksum16(uint32(proto), ip[8:40])
		ports = ip[ipv6Header:]
	}
	be.PutUint16(ports, e.port)
	be.PutUint16(ports[2:], to.port)
	e.sum = checksum16(e.sum, ports[:4])
}

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
	if c.datagram != nil {
		copy(b[transport+header:length], c.datagram)
	} else if g.payload > 0 {
		c.payloads.Fill(b[transport+header:length], g.dir, g.again, i, c)
	}
	c.ipLength(b[etherHeader:], e, length-etherHeader)
	c.transportChecksum(b[transport:length], e)
	if length < minFrame && !e.host.Unpadded {
		clear(b[length:minFrame])
		length = minFrame
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
	be.PutUint32(b[4:], e.sequence(g))
	ack := uint32(0)
	if g.flags&flow.ACK != 0 {
		ack = c.ends[1-g.dir].isn + g.ack
	}
	be.PutUint32(b[8:], ack)
	header := tcpHeader + int(g.options)
	b[12] = byte(header/4) << 4
	b[13] = byte(g.flags)
	window := e.window
	if g.flags&flow.SYN != 0 {
		window = e.host.SYNWindow
		if !c.scaled {
			window = max(window, e.window)
		}
	} else if g.update {
		window = e.nextWindow()
	}
	be.PutUint16(b[14:], window)
	be.PutUint32(b[16:], 0) // checksum, urgent pointer
	if g.options > 0 {
		c.tcpOptions(b[tcpHeader:header], g)
	}
	if !g.again {
		e.sent += uint32(g.consumes())
	}
	return header
}

// sequence returns the sequence number of the side's next segment.
func (e *end) sequence(g *segment) uint32 {
	if g.again {
		return e.isn + e.sent - uint32(g.payload)
	}
	return e.isn + e.sent
}

// nextWindow returns another window than the last, a little larger where it can be.
func (e *end) nextWindow() uint16 {
	if e.window == 0xffff {
		e.window -= windowSteps
	}
	e.window++
	return e.window
}

// windowSteps is how far a window that cannot grow any more falls back.
const windowSteps = 16

// unscaledWindow is the most data in flight that a window without scale holds at all times.
const unscaledWindow = 1<<16 - windowSteps - 2

// Option kinds (IANA TCP parameters).
const (
	optionNOP   = 1
	optionMSS   = 2
	optionScale = 3
	optionSACK  = 4
	optionStamp = 8
)

// tcpOptions fills b with the options of the segment's layout.
func (c *openFlow) tcpOptions(b []byte, g *segment) {
	if g.flags&flow.SYN == 0 {
		b[0], b[1] = optionNOP, optionNOP
		c.stamp(b[2:], g)
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

// mss returns the maximum segment size that a side announces: its host's own, or less
// where the MTU leaves less room, unless the peer sends more in one segment.
func (c *openFlow) mss(dir flow.Direction) uint16 {
	need := c.maxPayload[1-dir]
	if c.timestamps {
		need += timestampOptions
	}
	return uint16(max(int32(min(c.ends[dir].host.MSS, c.room)), need))
}

// scale returns the window scale that a side announces: the host's own, or more
// where the data in flight would fill its window.
func (c *openFlow) scale(dir flow.Direction) uint8 {
	scale := c.ends[dir].host.Scale
	for scale < maxScale && c.inFlight[1-dir] >= unscaledWindow<<scale {
		scale++
	}
	return scale
}

// maxScale is the largest window scale (RFC 7323, 2.3).
const maxScale = 14

// chooseWindow returns the window that goes with the scale: the host's own, or more
// where the data in flight would fill it.
func (c *openFlow) chooseWindow(dir flow.Direction) uint16 {
	scale := uint8(0)
	if c.scaled {
		scale = c.scale(dir)
	}
	need := (c.inFlight[1-dir]+1)>>scale + 1
	window := max(int64(c.ends[dir].host.Window), need, 1)
	return uint16(min(window, 1<<16-1))
}

// Turn looks ahead from segment i: how much its side says before the other does,
// and how much it says the next time.
func (c *openFlow) Turn(i int) payload.Turn {
	t := payload.Turn{Direction: c.segments[i].dir, Last: true}
	answered := false
	for ; i < len(c.segments); i++ {
		g := &c.segments[i]
		switch {
		case g.payload == 0 || g.again:
		case g.dir != t.Direction:
			if t.Next > 0 {
				return t
			}
			answered = true
		case !answered:
			t.Length += int(g.payload)
		default:
			t.Next += int(g.payload)
			t.Last = false
		}
	}
	return t
}
