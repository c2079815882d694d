package pcap

import (
	"encoding/binary"

	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/flow"
)

// mostOuter bounds the headers that are taken off one frame, and so the recursion: real
// ones have six at most, and a damaged frame may have one every four bytes.
const mostOuter = 16

// UDP ports of tunnels (IANA).
const (
	portGTP    = 2152
	portVXLAN  = 4789
	portGeneve = 6081
)

// EtherTypes that gopacket does not name or whose protocols stand inside of tunnels.
const (
	typeMPLS          = 0x8847
	typeMPLSMulticast = 0x8848
	typeBridged       = 0x6558 // Ethernet (RFC 1701, RFC 7637)
)

// protocolMPLS is the IP protocol of MPLS in IP (RFC 4023).
const protocolMPLS = 137

// takeOff removes the bytes from off to inner: what stands in front of them stays, as far
// as fields that have been read from it are concerned, and offset off is now where inner was.
// Layers from the given one on go, too.
func (d *decoder) takeOff(off, inner, layer int) {
	gone := int32(inner - off)
	d.frame = d.frame[gone:]
	p := &d.packet
	p.Length, p.Captured = p.Length-gone, p.Captured-gone
	for i := range p.Layers {
		if i < layer {
			p.Layers[i].Length -= gone
		} else {
			p.Layers[i] = flow.Layer{}
		}
	}
	d.layers = layer
	p.Tuple, p.TTL, p.Fragment, p.DontFragment, p.ID = flow.FiveTuple{}, 0, false, false, 0
}

// cutAt removes what stands behind end: the padding of the outer frame.
func (d *decoder) cutAt(end int) {
	if gone := int32(len(d.frame) - end); gone > 0 {
		d.frame = d.frame[:end]
		d.packet.Length, d.packet.Captured = d.packet.Length-gone, d.packet.Captured-gone
	}
}

// tag decodes a VLAN tag, which is taken off, and what stands behind it.
func (d *decoder) tag(kind, off int) error {
	h := flow.OuterHeader{Kind: flow.OuterVLAN, ID: uint32(d.uint16(off) & 0xfff)}
	if layers.EthernetType(kind) == layers.EthernetTypeQinQ {
		h.Kind = flow.OuterService
	}
	inner := d.uint16(off + 2)
	d.outer = append(d.outer, h)
	d.takeOff(off, off+4, d.layers)
	return d.etherType(inner, off)
}

// mpls decodes label stack entries (RFC 3032). Behind the last one stands IPv4 or IPv6, by
// its first bits, or what nothing here decodes.
func (d *decoder) mpls(off, end int) error {
	inner, taken := off, len(d.outer)
	for bottom := false; !bottom; inner += 4 {
		if end < inner+4 {
			d.outer = d.outer[:taken]
			return d.short("MPLS", inner, 4)
		}
		entry := binary.BigEndian.Uint32(d.frame[inner:])
		bottom = entry&0x100 != 0
		if len(d.outer) < mostOuter {
			d.outer = append(d.outer, flow.OuterHeader{Kind: flow.OuterMPLS, ID: entry >> 12})
		}
	}
	if !d.unwrap || !d.isIP(inner, end) {
		d.outer = d.outer[:taken]
		d.add(flow.LayerMPLS, off)
		d.raw(inner, d.wire())
		return nil
	}
	d.takeOff(off, inner, d.layers)
	return d.rawWithin(off, end-(inner-off))
}

// isIP reports whether what begins at off is an IP packet, as far as its version says.
func (d *decoder) isIP(off, end int) bool {
	return off < end && (d.frame[off]>>4 == 4 || d.frame[off]>>4 == 6)
}

// rawWithin decodes the IP packet at off, of which isIP is true.
func (d *decoder) rawWithin(off, end int) error {
	if d.frame[off]>>4 == 4 {
		return d.ip4(off, end)
	}
	return d.ip6(off, end)
}

// tunnel decodes the inner packet of an IP packet whose payload is frame[off:end], and
// reports whether there is one. The outer headers are taken off.
func (d *decoder) tunnel(off, end int) (found bool, err error) {
	if len(d.outer) >= mostOuter-2 || d.packet.Fragment {
		return false, nil
	}
	outer := flow.OuterHeader{Kind: flow.OuterIPv4, Src: d.packet.Tuple.Src.Addr(), Dst: d.packet.Tuple.Dst.Addr()}
	if outer.Src.Is6() {
		outer.Kind = flow.OuterIPv6
	}
	kind, inner, header := 0, off, flow.OuterHeader{}
	switch proto := layers.IPProtocol(d.packet.Tuple.Proto); proto {
	case layers.IPProtocolIPv4:
		kind = int(layers.EthernetTypeIPv4)
	case layers.IPProtocolIPv6:
		kind = int(layers.EthernetTypeIPv6)
	case protocolMPLS:
		kind = typeMPLS
	case layers.IPProtocolGRE:
		header, kind, inner = d.gre(off, end)
	case layers.IPProtocolUDP:
		header, kind, inner = d.udpTunnel(off, end)
	}
	switch {
	case kind == 0, inner >= end:
		return false, nil
	case kind == typeBridged && end < inner+14, kind == typeMPLS && !d.labels(inner, end):
		return false, nil
	case kind == int(layers.EthernetTypeIPv4) && d.frame[inner]>>4 != 4, kind == int(layers.EthernetTypeIPv6) && d.frame[inner]>>4 != 6:
		return false, nil
	}
	d.outer = append(d.outer, outer)
	if inner > off {
		d.outer = append(d.outer, header)
	}
	return true, d.within(kind, inner, end)
}

// within decodes what stands at inner, up to end, by its EtherType, and takes off what
// stands in front of it from the outer IP header on.
func (d *decoder) within(kind, inner, end int) error {
	network := d.network
	switch kind {
	case typeBridged:
		d.outer = append(d.outer, flow.OuterHeader{Kind: flow.OuterEther})
		d.cutAt(end)
		d.takeOff(0, inner, 0)
		return d.ethernet()
	case typeMPLS:
		d.takeOff(network, inner, d.below)
		return d.mpls(network, end-(inner-network))
	}
	d.takeOff(network, inner, d.below)
	return d.rawWithin(network, end-(inner-network))
}

// labels reports whether label stack entries stand at off, and behind them an IP packet.
func (d *decoder) labels(off, end int) bool {
	for ; off+4 < end; off += 4 {
		if d.frame[off+2]&1 != 0 {
			return d.isIP(off+4, end)
		}
	}
	return false
}

// gre decodes a header of GRE (RFC 2784, RFC 2890) and returns the EtherType of what is
// inside, 0 for what is not decoded, and where that begins.
func (d *decoder) gre(off, end int) (h flow.OuterHeader, kind, inner int) {
	if end < off+4 {
		return h, 0, off
	}
	const known = flow.GREChecksum | flow.GREKey | flow.GRESequence
	h = flow.OuterHeader{Kind: flow.OuterGRE, Options: d.frame[off]}
	if h.Options&^known != 0 || d.frame[off+1] != 0 {
		return h, 0, off
	}
	inner = off + 4
	if h.Options&flow.GREChecksum != 0 {
		inner += 4
	}
	if h.Options&flow.GREKey != 0 {
		if end < inner+4 {
			return h, 0, off
		}
		h.ID = binary.BigEndian.Uint32(d.frame[inner:])
		inner += 4
	}
	if h.Options&flow.GRESequence != 0 {
		inner += 4
	}
	return h, innerType(d.uint16(off + 2)), inner
}

// innerType returns the EtherType if what it stands for is decoded inside of a tunnel, and
// else 0.
func innerType(kind int) int {
	switch kind {
	case int(layers.EthernetTypeIPv4), int(layers.EthernetTypeIPv6), typeBridged, typeMPLS:
		return kind
	}
	return 0
}

// udpTunnel decodes the headers of a datagram to the port of a tunnel, as gre does. What
// is sent there and does not look like the tunnel's is a datagram like others.
func (d *decoder) udpTunnel(off, end int) (h flow.OuterHeader, kind, inner int) {
	if end < off+16 {
		return h, 0, off
	}
	b := d.frame[off+8 : end]
	switch d.uint16(off + 2) {
	case portVXLAN: // RFC 7348, 5
		if b[0] == 8 && b[1]|b[2]|b[3]|b[7] == 0 {
			return flow.OuterHeader{Kind: flow.OuterVXLAN, ID: binary.BigEndian.Uint32(b[4:]) >> 8}, typeBridged, off + 16
		}
	case portGeneve: // RFC 8926, 3.4
		const control = 0x80
		if b[0]>>6 == 0 && b[1]&control == 0 && b[7] == 0 {
			return flow.OuterHeader{Kind: flow.OuterGeneve, ID: binary.BigEndian.Uint32(b[4:]) >> 8},
				innerType(d.uint16(off + 10)), off + 16 + 4*int(b[0]&63)
		}
	case portGTP:
		return d.gtp(off+8, end)
	}
	return h, 0, off
}

// gtp decodes a G-PDU of GTP-U (3GPP TS 29.281, 5.1), with its extension headers.
func (d *decoder) gtp(off, end int) (h flow.OuterHeader, kind, inner int) {
	const version, extended, optional, userData = 0x30, 0x04, 0x07, 255
	b := d.frame[off:end]
	if b[0]&0xf0 != version || b[1] != userData {
		return h, 0, off
	}
	h = flow.OuterHeader{Kind: flow.OuterGTP, ID: binary.BigEndian.Uint32(b[4:])}
	at := 8
	if b[0]&optional != 0 {
		at += 4
	}
	if b[0]&extended != 0 {
		for at <= len(b) && b[at-1] != 0 {
			if at == len(b) || b[at] == 0 {
				return h, 0, off
			}
			at += 4 * int(b[at])
		}
	}
	switch {
	case at >= len(b):
		return h, 0, off
	case b[at]>>4 == 4:
		kind = int(layers.EthernetTypeIPv4)
	case b[at]>>4 == 6:
		kind = int(layers.EthernetTypeIPv6)
	}
	return h, kind, off + at
}
