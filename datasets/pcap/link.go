package pcap

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/flow"
)

// ethernet decodes an Ethernet header (IEEE 802.3, clause 3): addresses, then an EtherType, or a length
// below 1536 and an LLC header.
func (d *decoder) ethernet() error {
	b := d.frame
	if len(b) < 14 {
		return d.short("Ethernet", 0, 14)
	}
	d.packet.DstMAC, d.packet.SrcMAC = flow.MAC(b[0:6]), flow.MAC(b[6:12])
	kind := d.uint16(12)
	if kind >= 1536 {
		d.add(flow.LayerEther, 0)
		return d.etherType(kind, 14)
	}
	d.add(flow.LayerDot3, 0)
	return d.llc(14, 14+kind)
}

// etherType decodes what an EtherType announces at off.
func (d *decoder) etherType(kind, off int) error {
	switch layers.EthernetType(kind) {
	case layers.EthernetTypeIPv4:
		return d.ip4(off, len(d.frame))
	case layers.EthernetTypeIPv6:
		return d.ip6(off, len(d.frame))
	case layers.EthernetTypeARP:
		return d.arp(off)
	case layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ, 0x9100, 0x9200:
		return d.vlan(kind, off)
	case typeMPLS, typeMPLSMulticast:
		return d.mpls(off, len(d.frame))
	case layers.EthernetTypePPPoESession:
		return d.pppoe(off)
	case layers.EthernetTypePPPoEDiscovery:
		d.add(flow.LayerPPPoED, off)
		off = min(off+6, len(d.frame))
	}
	d.raw(off, d.wire())
	return nil
}

// vlan decodes one IEEE 802.1Q tag; several stand behind each other (QinQ).
func (d *decoder) vlan(kind, off int) error {
	for {
		if len(d.frame) < off+4 {
			return d.short("VLAN", off, 4)
		}
		if d.unwrap && len(d.outer) < mostOuter && d.uint16(off+2) >= 1536 {
			return d.tag(kind, off)
		}
		name := flow.LayerDot1Q
		if layers.EthernetType(kind) == layers.EthernetTypeQinQ {
			name = flow.LayerDot1AD
		}
		d.add(name, off)
		kind, off = d.uint16(off+2), off+4
		switch {
		case kind == 0x8100 || kind == 0x88a8 || kind == 0x9100 || kind == 0x9200:
			continue
		case kind < 1536:
			return d.llc(off, off+kind)
		}
		return d.etherType(kind, off)
	}
}

// llc decodes an LLC header (IEEE 802.2). Like NeCSTGen's dissector it counts three header bytes,
// also where the control field has two. Behind end stands padding.
func (d *decoder) llc(off, end int) error {
	b := d.frame
	if end > d.wire() || end <= off {
		end = d.wire()
	}
	if min(end, len(b)) < off+3 {
		return d.short("LLC", off, 3)
	}
	d.add(flow.LayerLLC, off)
	if b[off] == 0xaa && b[off+1] == 0xaa && b[off+2] == 3 && min(end, len(b)) >= off+8 {
		d.add(flow.LayerSNAP, off+3)
		kind := d.uint16(off + 6)
		if b[off+3]|b[off+4]|b[off+5] == 0 && kind >= 1536 && kind != 0x9000 {
			return d.etherType(kind, off+8)
		}
		off += 5
	}
	d.raw(off+3, end)
	d.padding(end)
	return nil
}

// arp decodes an ARP message (RFC 826); its addresses are no five-tuple, but those of a
// message for IPv4 over Ethernet are its hosts.
func (d *decoder) arp(off int) error {
	b := d.frame
	if len(b) < off+8 {
		return d.short("ARP", off, 8)
	}
	d.add(flow.LayerARP, off)
	end := off + 8 + 2*int(b[off+4]) + 2*int(b[off+5])
	d.payload(end, end, 0)
	if end > len(b) && !d.cut {
		return damagedf("ARP at byte %d: %d bytes are left, want %d", off, len(b)-off, end-off)
	}
	if hardware, protocol := d.uint16(off), d.uint16(off+2); hardware == 1 && protocol == 0x0800 && b[off+4] == 6 && b[off+5] == 4 && end <= len(b) {
		toAll := d.packet.DstMAC == flow.MAC{} || d.packet.DstMAC[0]&1 != 0 // Linux's cooked header does not say
		d.packet.Message = flow.ARPMessage(uint16(d.uint16(off+6)), netip.AddrFrom4([4]byte(b[off+14:off+18])), netip.AddrFrom4([4]byte(b[off+24:off+28])), toAll)
	}
	d.padding(end)
	return nil
}

// cooked decodes the header of Linux's captures on all devices (LINKTYPE_LINUX_SLL).
func (d *decoder) cooked() error {
	b := d.frame
	if len(b) < 16 {
		return d.short("Linux cooked", 0, 16)
	}
	d.add(flow.LayerCookedLinux, 0)
	if d.uint16(4) == 6 {
		d.packet.SrcMAC = flow.MAC(b[6:12])
	}
	return d.cookedProtocol(d.uint16(2), d.uint16(14), 16)
}

// cooked2 decodes the second version of that header (LINKTYPE_LINUX_SLL2).
func (d *decoder) cooked2() error {
	b := d.frame
	if len(b) < 20 {
		return d.short("Linux cooked v2", 0, 20)
	}
	d.add(flow.LayerCookedLinuxV2, 0)
	if b[11] == 6 {
		d.packet.SrcMAC = flow.MAC(b[12:18])
	}
	return d.cookedProtocol(d.uint16(8), d.uint16(0), 20)
}

// cookedProtocol decodes what stands behind either of Linux's headers.
func (d *decoder) cookedProtocol(hardware, protocol, off int) error {
	const netlink = 824 // ARPHRD_NETLINK: the protocol is a netlink family
	switch {
	case hardware == netlink:
	case protocol >= 1536:
		return d.etherType(protocol, off)
	case protocol == 4: // an 802.2 header
		return d.llc(off, d.wire())
	}
	d.raw(off, d.wire())
	return nil
}

// loopback decodes the address family of BSD's loopback devices, in the byte order of
// the host that captured, or in network order.
func (d *decoder) loopback() error {
	b := d.frame
	if len(b) < 4 {
		return d.short("loopback", 0, 4)
	}
	d.add(flow.LayerLoopback, 0)
	family := binary.LittleEndian.Uint32(b)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(b)
	}
	switch family {
	case 2:
		return d.ip4(4, len(b))
	case 10, 23, 24, 28, 30: // Linux, Windows, the BSDs, macOS
		return d.ip6(4, len(b))
	}
	d.raw(4, d.wire())
	return nil
}

// pppoe decodes an RFC 2516 session header.
func (d *decoder) pppoe(off int) error {
	if len(d.frame) < off+8 {
		return d.short("PPPoE", off, 8)
	}
	d.add(flow.LayerPPPoE, off)
	end := off + 6 + d.uint16(off+4)
	if end > len(d.frame) || end < off+8 {
		end = len(d.frame)
	}
	return d.ppp(off+6, end)
}

// ppp decodes a PPP header (RFC 1661) with or without the address and control bytes of RFC 1662. The
// protocol has one byte if that is odd. Where Cisco's addresses stand it is Cisco's
// HDLC (RFC 1547, 4.3.1).
func (d *decoder) ppp(off, end int) error {
	b, start := d.frame, off
	if off == 0 && end >= 4 && (b[0] == ciscoUnicast || b[0] == ciscoBroadcast) && b[1] == 0 {
		return d.ciscoHDLC()
	}
	if end >= off+2 && b[off] == 0xff && b[off+1] == 3 {
		off += 2
	}
	if end < off+2 {
		return d.short("PPP", off, 2)
	}
	d.add(flow.LayerPPP, start)
	protocol, next := d.uint16(off), off+2
	if b[off]&1 != 0 {
		protocol, next = int(b[off]), off+1
	}
	switch protocol {
	case 0x21:
		return d.ip4(next, end)
	case 0x57:
		return d.ip6(next, end)
	}
	if end == len(b) {
		end = d.wire()
	}
	d.raw(next, end)
	d.padding(end)
	return nil
}
