package control

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Types of options of neighbour discovery (RFC 4861, 4.6; RFC 3971, 5.3.2; RFC 8106, 5.1).
const (
	optionSource = 1
	optionTarget = 2
	optionPrefix = 3
	optionMTU    = 5
	optionNonce  = 14
	optionDNS    = 25
)

// icmp6 writes an ICMPv6 message without its checksum.
func (c *Conversation) icmp6(b []byte, m *message) {
	be := binary.BigEndian
	be.PutUint16(b, uint16(m.kind))
	own := c.ends.Hosts[m.dir]
	switch t := m.kind.Type(); {
	case t >= 1 && t <= 4:
		if t == 2 {
			be.PutUint32(b[4:], 1400) // of the next hop (RFC 4443, 3.2)
		}
		c.quote(b[icmpHeader:], m)
	case t == echoRequest6, t == echoReply6:
		c.echo(b, m)
	case t == routerSolicitation6:
		c.option(b[8:], optionSource, m)
	case t == routerAdvertisement6:
		c.advertisement(b, m)
	case t == flow.NeighborSolicitation.Type():
		c.solicitation(b, m)
	case t == flow.NeighborAdvertisement.Type():
		b[1], b[4] = 0, 0x20 // override
		if m.kind == flow.NeighborAdvertisement {
			b[4] |= 0x40 // solicited
		}
		copy(b[8:], own.Address.AsSlice())
		c.option(b[24:], optionTarget, m)
	case t == redirect6:
		copy(b[8:], c.ends.Third.AsSlice()) // a neighbour: it is its own next hop
		copy(b[24:], c.ends.Third.AsSlice())
	default:
		c.listeners(b, m)
	}
}

// solicitation asks for a neighbour's MAC, or whether another has the host's own address.
func (c *Conversation) solicitation(b []byte, m *message) {
	b[1] = 0
	if m.kind == flow.NeighborProbe {
		copy(b[8:], c.ends.Hosts[m.dir].Address.AsSlice())
		c.option(b[24:], optionNonce, m)
		return
	}
	copy(b[8:], c.ends.Hosts[1-m.dir].Address.AsSlice())
	c.option(b[24:], optionSource, m)
}

// option writes an option of eight bytes: a MAC, or as many bytes that the sender knows again.
// Without room there is none.
func (c *Conversation) option(b []byte, kind byte, m *message) {
	if len(b) < 8 {
		return
	}
	b[0], b[1] = kind, 1
	if copy(b[2:8], c.ends.Hosts[m.dir].MAC[:]); kind == optionNonce {
		binary.BigEndian.PutUint32(b[2:], uint32(c.id)<<16|uint32(m.at>>10&0xffff))
		binary.BigEndian.PutUint16(b[6:], c.id^uint16(m.at>>20))
	}
}

// routerOptions are the lengths in bytes of the options of a router's advertisement: prefix,
// MAC, MTU and name server.
var routerOptions = [...]int{32, 8, 8, 24}

// advertised returns how many of n bytes they take, each where it has room.
func advertised(n int) (taken int) {
	for _, size := range routerOptions {
		if taken+size <= n {
			taken += size
		}
	}
	return taken
}

// advertisement writes a router's advertisement (RFC 4861, 4.2).
func (c *Conversation) advertisement(b []byte, m *message) {
	be := binary.BigEndian
	own := c.ends.Hosts[m.dir]
	b[4] = 64
	be.PutUint16(b[6:], 1800)
	b = b[16:]
	for i, size := range routerOptions {
		if size > len(b) {
			continue
		}
		switch b[1] = byte(size / 8); i {
		case 0:
			b[0], b[2], b[3] = optionPrefix, 64, 0xc0 // on link, and for addresses of one's own
			be.PutUint32(b[4:], 86400)
			be.PutUint32(b[8:], 14400)
			copy(b[16:24], own.Address.AsSlice())
		case 1:
			c.option(b, optionSource, m)
		case 2:
			b[0] = optionMTU
			be.PutUint32(b[4:], 1500)
		case 3:
			b[0] = optionDNS
			be.PutUint32(b[4:], 1800)
			copy(b[8:24], linkLocal(own.MAC).AsSlice())
		}
		b = b[size:]
	}
}

// listeners writes a message of MLD (RFC 2710, 3; RFC 3810, 5).
func (c *Conversation) listeners(b []byte, m *message) {
	be := binary.BigEndian
	switch m.kind.Type() {
	case query6:
		be.PutUint16(b[4:], 10000)
		if len(b) == 28 {
			b[24], b[25] = 2, 125
		}
	case reportOne6, done6:
		copy(b[8:], groups6[c.group].AsSlice())
	case report6:
		records := (len(b) - 8) / 20
		be.PutUint16(b[6:], uint16(records))
		for i := range records {
			r := b[8+20*i:]
			r[0] = 4 // all sources of the group from now on
			group := groups6[(c.group+i)%len(groups6)].As16()
			group[13] |= byte(i / len(groups6))
			copy(r[4:], group[:])
		}
	}
}
