package pcap

import (
	"net/netip"

	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/flow"
)

// ip4 decodes an IPv4 packet (RFC 791). A total length beyond the frame is cut to it; 0, as
// segmentation offload leaves it, means the whole frame.
func (d *decoder) ip4(off, end int) error {
	if end < off+20 {
		return d.short("IPv4", off, 20)
	}
	b := d.frame[off:]
	header, total := int(b[0]&15)*4, d.uint16(off+2)
	d.network, d.below = off, d.layers
	d.add(flow.LayerIP, off)
	if b[0]>>4 != 4 || header < 20 {
		d.payload(off, end, end-off)
		return damagedf("IPv4 header at byte %d: version %d, header of %d bytes: want version 4, at least 20 bytes", off, b[0]>>4, header)
	}
	wire := int(d.packet.Length) - (len(d.frame) - end) - off
	if total == 0 || total > wire {
		total = wire
	}
	p := &d.packet
	p.TTL = b[8]
	p.Tuple.Proto = b[9]
	p.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), 0)
	p.Tuple.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), 0)
	fragment := d.uint16(off+6) & 0x3fff // more fragments, and the offset
	p.Fragment = fragment != 0
	p.ID, p.DontFragment = uint16(d.uint16(off+4)), b[6]&0x40 != 0
	switch {
	case total < header || end < off+header && !d.cut:
		d.payload(off+20, end, end-off-20)
		return damagedf("IPv4 header at byte %d: %d bytes in a packet of %d", off, header, total)
	case end < off+header: // the capture cuts the options
		p.HeaderLength, p.PayloadLength = int32(off+header), int32(total-header)
		return nil
	}
	return d.transport(off+header, min(end, off+total), total-header, fragment&0x1fff != 0)
}

// ip6 decodes an IPv6 packet (RFC 8200) with its extension headers.
func (d *decoder) ip6(off, end int) error {
	if end < off+40 {
		return d.short("IPv6", off, 40)
	}
	b := d.frame[off:]
	d.network, d.below = off, d.layers
	d.add(flow.LayerIPv6, off)
	if b[0]>>4 != 6 {
		d.payload(off, end, end-off)
		return damagedf("IPv6 header at byte %d: version %d", off, b[0]>>4)
	}
	wire := int(d.packet.Length) - (len(d.frame) - end) - off - 40
	total := d.uint16(off + 4)
	if total == 0 || total > wire { // 0: a jumbogram, or segmentation offload
		total = wire
	}
	p := &d.packet
	p.TTL = b[7]
	p.Tuple.Proto = b[6]
	p.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), 0)
	p.Tuple.Dst = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[24:40])), 0)
	return d.extensions(off+40, min(end, off+40+total), total)
}

// extensions walks IPv6 extension headers. Each has at least eight bytes, so the
// walk ends with the frame.
func (d *decoder) extensions(off, end, total int) error {
	later := false
	for p := &d.packet; ; {
		name := flow.NoLayer
		switch layers.IPProtocol(p.Tuple.Proto) {
		case layers.IPProtocolIPv6HopByHop:
			name = flow.LayerIPv6HopByHop
		case layers.IPProtocolIPv6Routing:
			name = flow.LayerIPv6Routing
		case layers.IPProtocolIPv6Fragment:
			name = flow.LayerIPv6Fragment
		case layers.IPProtocolIPv6Destination, 135, 139, 140: // mobility, HIP, shim6 have the same form
			name = flow.LayerIPv6DestOpt
		case layers.IPProtocolAH:
			name = flow.LayerAH
		}
		if name == flow.NoLayer || later {
			return d.transport(off, end, total, later)
		}
		if end < off+8 {
			return d.short("IPv6 extension", off, 8)
		}
		length := 8 + 8*int(d.frame[off+1])
		switch name {
		case flow.LayerAH:
			length = 8 + 4*int(d.frame[off+1])
		case flow.LayerIPv6Fragment:
			length = 8
			field := d.uint16(off + 2)
			p.Fragment = field&^6 != 0 // an atomic fragment (RFC 6946) is the whole packet
			later = field&^7 != 0
		}
		d.add(name, off)
		p.Tuple.Proto = d.frame[off]
		off, total = off+length, total-length
		if off > end {
			d.payload(end, end, 0)
			if d.cut && total >= 0 {
				return nil
			}
			return damagedf("IPv6 extension header at byte %d: %d bytes, %d beyond the packet", off-length, length, off-end)
		}
	}
}
