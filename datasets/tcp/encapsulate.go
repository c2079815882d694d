package tcp

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// outerTTL is the time to live of outer headers: packets are captured where the tunnel
// begins.
const outerTTL = 64

// EtherTypes of what stands inside of a header.
const (
	typeVLAN    = 0x8100
	typeService = 0x88a8
	typeMPLS    = 0x8847
	typeBridged = 0x6558 // Ethernet inside of GRE and Geneve
	typeIPv4    = 0x0800
	typeIPv6    = 0x86dd
)

// IP protocols of what stands inside of an outer IP header.
const (
	protocolIPv4 = 4
	protocolIPv6 = 41
	protocolGRE  = 47
	protocolMPLS = 137
)

// wrapper puts headers in front of a frame, the innermost first.
type wrapper struct {
	b         []byte // the frame, with room in front of it
	at        int    // where it begins
	inside    int    // EtherType of what begins there
	transport uint8  // IP protocol of what begins there; 0: by inside
	tunnel    *address.TunnelState
	dir       flow.Direction
	port      uint16 // source port of datagrams, which is that of the flow (RFC 7348, 5)
}

// encapsulate puts the flow's tunnel around a frame of so many bytes at b[room:], and
// returns the frame that the link carries.
func (c *openFlow) encapsulate(b []byte, length int, dir flow.Direction) []byte {
	inner := b[address.MaxEncapsulation:]
	macs := [12]byte(inner[:12])
	w := wrapper{b: b[:address.MaxEncapsulation+length], at: address.MaxEncapsulation + etherHeader, tunnel: c.tunnel, dir: dir,
		inside: int(binary.BigEndian.Uint16(inner[12:])), port: c.ends[0].port | 0xc000}
	headers := c.outer[dir]
	bridged := false
	for i := len(headers) - 1; i >= 0; i-- {
		if h := &headers[i]; h.Kind == flow.OuterEther {
			w.ether(&macs)
			bridged = true
		} else {
			w.put(h)
		}
		if h := &headers[i]; bridged && h.Src.IsValid() { // who is in front of the frames inside
			src, dst := address.TunnelMAC(h.Src), address.TunnelMAC(h.Dst)
			copy(macs[:6], dst[:])
			copy(macs[6:], src[:])
		}
	}
	w.ether(&macs)
	return w.b[w.at:]
}

// grow makes room for a header and returns it.
func (w *wrapper) grow(n int) []byte {
	w.at -= n
	clear(w.b[w.at : w.at+n])
	return w.b[w.at:]
}

// ether writes an Ethernet header.
func (w *wrapper) ether(macs *[12]byte) {
	b := w.grow(etherHeader)
	copy(b, macs[:])
	binary.BigEndian.PutUint16(b[12:], uint16(w.inside))
	w.inside = typeBridged
}

// put writes any other header.
func (w *wrapper) put(h *flow.OuterHeader) {
	be := binary.BigEndian
	switch h.Kind {
	case flow.OuterVLAN, flow.OuterService:
		b := w.grow(h.Size())
		be.PutUint16(b, uint16(h.ID))
		be.PutUint16(b[2:], uint16(w.inside))
		if w.inside = typeVLAN; h.Kind == flow.OuterService {
			w.inside = typeService
		}
	case flow.OuterMPLS:
		b := w.grow(h.Size())
		be.PutUint32(b, h.ID<<12|outerTTL)
		if w.inside != typeMPLS {
			b[2] |= 1 // bottom of the stack
		}
		w.inside = typeMPLS
	case flow.OuterGRE:
		w.gre(h)
	case flow.OuterVXLAN, flow.OuterGeneve, flow.OuterGTP:
		w.datagram(h)
	case flow.OuterIPv4:
		w.ipv4(h)
	case flow.OuterIPv6:
		w.ipv6(h)
	}
}

// gre writes a header of GRE (RFC 2784, RFC 2890).
func (w *wrapper) gre(h *flow.OuterHeader) {
	be := binary.BigEndian
	b := w.grow(h.Size())
	b[0] = h.Options
	be.PutUint16(b[2:], uint16(w.inside))
	at := 4
	if h.Options&flow.GREChecksum != 0 {
		at += 4
	}
	if h.Options&flow.GREKey != 0 {
		be.PutUint32(b[at:], h.ID)
		at += 4
	}
	if h.Options&flow.GRESequence != 0 {
		be.PutUint32(b[at:], w.tunnel.Sequence[w.dir])
		w.tunnel.Sequence[w.dir]++
	}
	if h.Options&flow.GREChecksum != 0 {
		be.PutUint16(b[4:], ^fold(checksum16(0, b)))
	}
	w.transport = protocolGRE
}

// datagram writes the header of a tunnel over UDP, and that of UDP, whose checksum ipv6
// sets: with IPv4 it is 0 (RFC 7348, 5; RFC 8926, 3.3).
func (w *wrapper) datagram(h *flow.OuterHeader) {
	const ports = 4 // bytes
	be := binary.BigEndian
	payload := len(w.b) - w.at
	b := w.grow(h.Size())
	be.PutUint16(b, w.port)
	be.PutUint16(b[ports:], uint16(len(b)))
	header := b[udpHeader:]
	switch h.Kind {
	case flow.OuterVXLAN:
		be.PutUint16(b[2:], 4789)
		header[0] = 8
		be.PutUint32(header[4:], h.ID<<8)
	case flow.OuterGeneve:
		be.PutUint16(b[2:], 6081)
		be.PutUint16(header[2:], uint16(w.inside))
		be.PutUint32(header[4:], h.ID<<8)
	default: // GTP-U, from and to one port
		be.PutUint16(b, 2152)
		be.PutUint16(b[2:], 2152)
		header[0], header[1] = 0x30, 255
		be.PutUint16(header[2:], uint16(payload))
		be.PutUint32(header[4:], h.ID)
	}
	w.transport = flow.UDP
}

// protocol returns the IP protocol of what stands inside, and makes kind what begins now.
func (w *wrapper) protocol(kind int) (proto uint8) {
	switch {
	case w.transport != 0:
		proto = w.transport
	case w.inside == typeIPv4:
		proto = protocolIPv4
	case w.inside == typeIPv6:
		proto = protocolIPv6
	default:
		proto = protocolMPLS
	}
	w.transport, w.inside = 0, kind
	return proto
}

// ipv4 writes an IPv4 header.
func (w *wrapper) ipv4(h *flow.OuterHeader) {
	be := binary.BigEndian
	b := w.grow(ipv4Header)
	b[0] = 0x45
	be.PutUint16(b[2:], uint16(len(b)))
	be.PutUint16(b[4:], w.tunnel.NextID[w.dir])
	w.tunnel.NextID[w.dir]++
	b[8], b[9] = outerTTL, w.protocol(typeIPv4)
	src, dst := h.Src.As4(), h.Dst.As4()
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	be.PutUint16(b[10:], ^fold(checksum16(0, b[:ipv4Header])))
}

// ipv6 writes an IPv6 header.
func (w *wrapper) ipv6(h *flow.OuterHeader) {
	be := binary.BigEndian
	b := w.grow(ipv6Header)
	b[0] = 0x60
	be.PutUint16(b[4:], uint16(len(b)-ipv6Header))
	b[6], b[7] = w.protocol(typeIPv6), outerTTL
	src, dst := h.Src.As16(), h.Dst.As16()
	copy(b[8:], src[:])
	copy(b[24:], dst[:])
	if payload := b[ipv6Header:]; b[6] == flow.UDP { // Linux leaves it out with IPv4 alone
		sum := checksum16(uint32(flow.UDP)+uint32(len(payload)), b[8:ipv6Header])
		be.PutUint16(payload[6:], ^fold(checksum16(sum, payload)))
	}
}
