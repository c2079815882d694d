package tcp

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/control"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// end is one side of a flow that is being sent.
type end struct {
	host     *address.HostState
	port     uint16
	isn      uint32                                     // initial sequence number
	stamps   uint32                                     // TCP timestamp at the epoch, in ticks of the host's clock
	ipv4     address.IPv4                               // what the host writes into IPv4 headers of this protocol
	nextID   uint16                                     // next IPv4 identification, where the connection counts its packets
	sent     uint32                                     // sequence numbers used
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
	origin   *flow.Origin
	room     uint16 // largest segment that the MTU leaves room for
	shortest int32  // payload bytes of a datagram of the service
	connection
	ends     [2]end                // by direction
	datagram []byte                // payload of the next segment, where the writer does not make it
	uplinks  []uplink              // of LoRaWAN: what segments carry, by segment.echo
	messages *control.Conversation // of a flow without ports, a message a segment; nil: any other
	payloads payload.Writer
	tunnel   *address.TunnelState  // that the flow is inside of; nil: none
	outer    [2][]flow.OuterHeader // its headers, by direction
}

// tuple returns the five-tuple of what this side sends.
func (e *end) tuple(to *end, proto uint8) flow.FiveTuple {
	return flow.FiveTuple{
		Proto: proto,
		Src:   netip.AddrPortFrom(e.host.Address, e.port),
		Dst:   netip.AddrPortFrom(to.host.Address, to.port),
	}
}

// begin gives the side numbers that begin somewhere.
func (e *end) begin(to *end, proto uint8, random *rand.Rand) {
	e.isn, e.nextID, e.ipv4 = random.Uint32(), uint16(random.Uint32()), e.host.UDP
	if proto != flow.TCP {
		return
	}
	e.ipv4 = e.host.TCP
	switch e.host.Clock.Scope {
	case address.ClockOfHost:
		e.stamps = e.host.ClockOffset
	case address.ClockOfPair:
		e.stamps = e.host.OffsetTo(to.host.Address)
	default:
		e.stamps = random.Uint32()
	}
}

// identification returns the IPv4 identification of the side's next packet, segment g.
func (e *end) identification(g *segment) uint16 {
	stateless := g.flags&(flow.SYN|flow.ACK) == flow.SYN|flow.ACK || g.flags&(flow.RST|flow.ACK) == flow.RST
	switch kind := e.ipv4.Numbering; {
	case kind == address.ByHost:
		e.host.NextID++
		return e.host.NextID
	case kind == address.Unnumbered || kind == address.ByConnection && stateless:
		return 0
	}
	e.nextID++
	if e.ipv4.Numbering == address.AtRandom {
		return e.nextID*40503 ^ e.nextID>>5*e.nextID // looks drawn, and needs no draw
	}
	return e.nextID
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
		if !e.ipv4.Fragments {
			be.PutUint16(ip[6:], dontFragment)
		}
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

// join gives an open flow its ends.
func (c *openFlow) join(ends address.Ends) {
	c.ends[flow.Forward] = end{host: ends.Client, port: ends.ClientPort}
	c.ends[flow.Backward] = end{host: ends.Server, port: ends.ServerPort}
	c.shortest = ends.Shortest
	if c.tunnel = ends.Tunnel; c.tunnel != nil {
		c.outer = [2][]flow.OuterHeader{c.tunnel.Forward.Headers(), c.tunnel.Backward.Headers()}
	}
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
			t.Answer += int(g.payload)
		case !answered:
			t.Length += int(g.payload)
		default:
			t.Next += int(g.payload)
			t.Last = false
		}
	}
	return t
}
