package control

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// icmp writes an ICMP message (RFC 792, RFC 950, RFC 1256) without its checksum.
func (c *Conversation) icmp(b []byte, m *message) {
	be := binary.BigEndian
	be.PutUint16(b, uint16(m.kind))
	data := b[icmpHeader:]
	switch t := m.kind.Type(); t {
	case 0, 8:
		c.echo(b, m)
	case 13, 14:
		be.PutUint16(b[4:], c.id)
		be.PutUint16(b[6:], uint16(m.number))
		asked := m
		if m.of >= 0 {
			asked = &c.messages[m.of]
		}
		be.PutUint32(data, sinceMidnight(asked.at))
		if t == 14 {
			be.PutUint32(data[4:], sinceMidnight(m.at))
			be.PutUint32(data[8:], sinceMidnight(m.at))
		}
	case 17, 18:
		be.PutUint16(b[4:], c.id)
		be.PutUint16(b[6:], uint16(m.number))
		if t == 18 {
			be.PutUint32(data, 0xffffff00)
		}
	case 9:
		b[4], b[5] = byte(len(data)/8), 2
		be.PutUint16(b[6:], 1800)
		for ; len(data) >= 8; data = data[8:] {
			copy(data, c.ends.Hosts[m.dir].Address.AsSlice())
		}
	case 3, 4, 5, 11, 12:
		switch {
		case m.kind == 3<<8|4:
			be.PutUint16(b[6:], 1400) // of the next hop (RFC 1191, 4)
		case t == 5:
			copy(b[4:], c.ends.Third.AsSlice())
		}
		c.quote(data, m)
	}
}

// sinceMidnight is the time of an ICMP timestamp: milliseconds since midnight UTC.
func sinceMidnight(at int64) uint32 { return uint32(at / int64(time.Millisecond) % 86_400_000) }

// echo writes identifier, number and data of an echo, which are those of its request.
func (c *Conversation) echo(b []byte, m *message) {
	at := m.at
	if m.of >= 0 {
		at = c.messages[m.of].at
	}
	data := b[icmpHeader:]
	if len(data) == 32 { // as Windows fills it
		binary.BigEndian.PutUint16(b[4:], 1)
		for i := range data {
			data[i] = 'a' + byte(i%23)
		}
	} else {
		binary.BigEndian.PutUint16(b[4:], c.id)
		for i := range data { // as iputils does, behind the time of the request
			data[i] = byte(i)
		}
		if len(data) >= 16 {
			binary.LittleEndian.PutUint64(data, uint64(at/int64(time.Second)))
			binary.LittleEndian.PutUint64(data[8:], uint64(at%int64(time.Second)/int64(time.Microsecond)))
		}
	}
	binary.BigEndian.PutUint16(b[6:], uint16(m.number))
}

// quote fills the data of an error with the datagram that has caused it: the receiver of the
// error has sent it, to the sender where that has no such port or protocol, and else to the
// third host.
func (c *Conversation) quote(b []byte, m *message) {
	be := binary.BigEndian
	to := c.ends.Hosts[1-m.dir]
	src, dst, ttl, port := to.Address, c.ends.Third, to.TTL-1, uint16(quietPort)
	switch {
	case m.kind.Type() == 11 && !c.six || m.kind.Type() == 3 && c.six:
		ttl, port = 1, tracePort+uint16(m.at>>20&63) // used up on the way
	case m.kind == 3<<8|2 || m.kind == 3<<8|3 || c.six && m.kind == 1<<8|4:
		dst = c.ends.Hosts[m.dir].Address
	}
	header := ipv4Header
	if c.six {
		header = ipv6Header
		b[0], b[6], b[7] = 0x60, flow.UDP, ttl
		be.PutUint16(b[4:], uint16(len(b)-header))
		copy(b[8:], src.AsSlice())
		copy(b[24:], dst.AsSlice())
	} else {
		b[0], b[8], b[9] = 0x45, ttl, flow.UDP
		be.PutUint16(b[2:], uint16(len(b)))
		be.PutUint16(b[4:], c.id+uint16(m.number))
		copy(b[12:], src.AsSlice())
		copy(b[16:], dst.AsSlice())
		be.PutUint16(b[10:], checksum(0, b[:header]))
	}
	datagram(b[header:], src, dst, c.id, port)
}

// tracePort is the first port that traceroute sends to: no server listens there. quietPort is
// another one that no dissector looks at, and that IANA has unassigned.
const (
	tracePort = 33434
	quietPort = 31990
)

// datagram writes a UDP datagram with data as traceroute sends it.
func datagram(b []byte, src, dst netip.Addr, id, port uint16) {
	be := binary.BigEndian
	be.PutUint16(b, 0xc000|id)
	be.PutUint16(b[2:], port)
	be.PutUint16(b[4:], uint16(len(b)))
	for i := range b[udpHeader:] {
		b[udpHeader+i] = '@' + byte(i%64)
	}
	sum := checksum(pseudo(src, dst, flow.UDP, len(b)), b)
	if sum == 0 {
		sum = 0xffff
	}
	be.PutUint16(b[6:], sum)
}
