package control

import (
	"encoding/binary"
	"net/netip"
)

// igmp writes a message of IGMP (RFC 2236, 2; RFC 3376, 4) without its checksum.
func (c *Conversation) igmp(b []byte, m *message) {
	be := binary.BigEndian
	t := m.kind.Type()
	b[0] = t
	switch t {
	case 0x11:
		b[1] = 100 // ten seconds to answer
		if len(b) == 12 {
			b[8], b[9] = 2, 125
		}
	case 0x22:
		records := (len(b) - 8) / 8
		be.PutUint16(b[6:], uint16(records))
		for i := range records {
			r := b[8+8*i:]
			r[0] = 4 // all sources of the group from now on
			group := groups4[(c.group+i)%len(groups4)].As4()
			group[2] |= byte(i / len(groups4))
			copy(r[4:], group[:])
		}
	default:
		copy(b[4:], groups4[c.group].AsSlice())
	}
}

// other writes a packet of a protocol without messages that the training data tell apart.
func (c *Conversation) other(b []byte, m *message, src, dst netip.Addr) {
	be := binary.BigEndian
	switch c.proto {
	case gre:
		be.PutUint16(b[2:], 0x88b5) // an EtherType for experiments (IEEE 802, 9.2.3)
		c.noise(b[4:])
	case esp:
		be.PutUint32(b, uint32(c.id)<<16|0x1000|uint32(m.dir))
		be.PutUint32(b[4:], m.number)
		c.noise(b[8:])
	case ospf:
		c.hello(b, m, src, dst)
	case vrrp:
		c.advertiseRouter(b, m)
	default:
		c.noise(b)
	}
}

// noise fills b with random bytes.
func (c *Conversation) noise(b []byte) {
	for i := range b {
		b[i] = byte(c.random.Uint32())
	}
}

// hello writes the hello of an OSPF router (RFC 2328, A.3.2; RFC 5340, A.3.2), with as many
// neighbours as there is room for.
func (c *Conversation) hello(b []byte, m *message, src, dst netip.Addr) {
	be := binary.BigEndian
	be.PutUint16(b[2:], uint16(len(b)))
	b[1] = 1
	router := uint32(c.id)<<8 | 0x0a000001
	be.PutUint32(b[4:], router)
	if c.six {
		b[0] = 3
		be.PutUint32(b[16:], 1)          // interface
		be.PutUint32(b[20:], 1<<24|0x13) // priority, options
		be.PutUint32(b[24:], 10<<16|40)  // seconds between hellos, and until a router is gone
		be.PutUint32(b[28:], router)     // designated
		c.neighbours(b[36:], router)
		be.PutUint16(b[12:], checksum(pseudo(src, dst, ospf, len(b)), b))
		return
	}
	b[0] = 2
	be.PutUint32(b[24:], 0xffffff00)
	be.PutUint16(b[28:], 10)
	b[30], b[31] = 2, 1
	be.PutUint32(b[32:], 40)
	copy(b[36:], src.AsSlice())
	c.neighbours(b[44:], router)
	be.PutUint16(b[12:], checksum(0, b)) // the authentication behind it is 0
}

func (c *Conversation) neighbours(b []byte, router uint32) {
	for i := 1; len(b) >= 4; b, i = b[4:], i+1 {
		binary.BigEndian.PutUint32(b, router+uint32(i))
	}
}

// advertiseRouter writes what the master of a virtual router says (RFC 3768, 5.1), with as many
// addresses as there is room for.
func (c *Conversation) advertiseRouter(b []byte, m *message) {
	b[0], b[1], b[2], b[5] = 0x21, 1, 100, 1
	b[3] = byte((len(b) - 16) / 4)
	for at := 8; at+8 < len(b); at += 4 {
		copy(b[at:], c.ends.Hosts[m.dir].Address.AsSlice()[:4])
	}
	binary.BigEndian.PutUint16(b[6:], checksum(0, b))
}
