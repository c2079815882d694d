package pcap

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// The first byte of Cisco's HDLC.
const (
	ciscoUnicast   = 0x0f
	ciscoBroadcast = 0x8f
)

// ciscoHDLC decodes Cisco's header: address, control and an EtherType (RFC 1547, 4.3.1).
func (d *decoder) ciscoHDLC() error {
	if len(d.frame) < 4 {
		return d.short("Cisco HDLC", 0, 4)
	}
	d.add(flow.LayerCiscoHDLC, 0)
	return d.etherType(d.uint16(2), 4)
}

// fddi decodes an FDDI frame (ANSI X3.139): frame control, addresses, and LLC in frames that carry data.
func (d *decoder) fddi() error {
	const header, data = 13, 0x50
	b := d.frame
	if len(b) < header {
		return d.short("FDDI", 0, header)
	}
	d.packet.DstMAC, d.packet.SrcMAC = flow.MAC(b[1:7]), flow.MAC(b[7:13])
	d.add(flow.LayerFDDI, 0)
	if b[0]&0x70 != data {
		d.raw(header, d.wire())
		return nil
	}
	return d.llc(header, d.wire())
}

// nflog decodes what Linux's netfilter logs: address family, version, resource, then
// attributes, one of which is the packet. Their numbers are in the byte order of the
// host that captured.
func (d *decoder) nflog() error {
	const payload = 9
	b := d.frame
	if len(b) < 8 {
		return d.short("NFLOG", 0, 8)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if first := int(order.Uint16(b[4:])); first < 4 || first > d.wire()-4 {
		order = binary.BigEndian
	}
	d.add(flow.LayerNFLOG, 0)
	for at := 4; at+4 <= len(b); {
		length := int(order.Uint16(b[at:]))
		if length < 4 {
			d.raw(at, d.wire())
			return damagedf("NFLOG attribute at byte %d: %d bytes: want at least 4", at, length)
		}
		if order.Uint16(b[at+2:])&0x7fff != payload {
			at += (length + 3) &^ 3
			continue
		}
		return d.ipWithin(at+4, min(at+length, len(b)))
	}
	return d.short("NFLOG packet", len(b), 20)
}

// ipWithin decodes the IP packet, if it is one, between off and end.
func (d *decoder) ipWithin(off, end int) error {
	if off < end {
		switch d.frame[off] >> 4 {
		case 4:
			return d.ip4(off, end)
		case 6:
			return d.ip6(off, end)
		}
	}
	d.raw(off, d.wire())
	return nil
}

// pflog decodes what OpenBSD's packet filter logs: a header of its own length, filled up
// to whole words, then the packet.
func (d *decoder) pflog() error {
	b := d.frame
	if len(b) < 4 {
		return d.short("pflog", 0, 48)
	}
	header := (int(b[0]) + 3) &^ 3
	if header < 48 || header > len(b) {
		return d.short("pflog", 0, max(48, header))
	}
	d.add(flow.LayerPFLog, 0)
	return d.ipWithin(header, len(b))
}

// dot15d4TAP decodes IEEE 802.15.4 behind a header of attributes, the first of which
// tells how long the frame check sequence is (type 0: 0 none, 1 16 bits, 2 32 bits).
func (d *decoder) dot15d4TAP() error {
	b := d.frame
	if len(b) < 4 {
		return d.short("802.15.4 TAP", 0, 4)
	}
	header := int(binary.LittleEndian.Uint16(b[2:]))
	if header < 4 || header > len(b) {
		return d.short("802.15.4 TAP", 0, max(4, header))
	}
	fcs := 0
	for at := 4; at+8 <= header; {
		kind, length := binary.LittleEndian.Uint16(b[at:]), int(binary.LittleEndian.Uint16(b[at+2:]))
		if kind == 0 && b[at+4] <= 2 {
			fcs = 2 * int(b[at+4])
		}
		at += 4 + (length+3)&^3
	}
	return d.dot15d4(header, fcs)
}

// dot15d4 decodes IEEE 802.15.4, 7.2, of which the addresses are read: a network's number
// and a short address, or the last six bytes of a long one. Data that is not
// encrypted may be 6LoWPAN, of which IPv6 as it is (RFC 4944, 5.1) is decoded;
// compressed headers (RFC 6282) and mesh protocols such as Zigbee are payload.
func (d *decoder) dot15d4(off, fcs int) error {
	if fcs > 0 {
		d.trim(fcs)
	}
	if len(d.frame) < off+3 {
		return d.short("802.15.4", off, 3)
	}
	d.add(flow.LayerDot15d4, off)
	control := binary.LittleEndian.Uint16(d.frame[off:])
	at := off + 3
	if control>>12&3 == 2 && control&(1<<8) != 0 { // no sequence number
		at--
	}
	target, source := control>>10&3, control>>14&3
	shared := control&(1<<6) != 0 // one network number for both
	var network uint16
	for i, mode := range [2]uint16{target, source} {
		if mode == 0 {
			continue
		}
		if withNetwork := i == 0 || !shared; withNetwork {
			if at+2 > len(d.frame) {
				return d.short("802.15.4 address", at, 2)
			}
			network, at = binary.LittleEndian.Uint16(d.frame[at:]), at+2
		}
		size := 2
		if mode == 3 {
			size = 8
		}
		if at+size > len(d.frame) {
			return d.short("802.15.4 address", at, size)
		}
		address := dot15Address(network, d.frame[at:at+size])
		if at += size; i == 0 {
			d.packet.DstMAC = address
		} else {
			d.packet.SrcMAC = address
		}
	}
	const data, secured, plainIPv6 = 1, 1 << 3, 0x41
	if control&7 == data && control&secured == 0 && at < len(d.frame) && d.frame[at] == plainIPv6 {
		d.add(flow.LayerSixLoWPAN, at)
		return d.ip6(at+1, len(d.frame))
	}
	d.raw(at, d.wire())
	return nil
}

// dot15Address makes six bytes of an address, which stands last byte first.
func dot15Address(network uint16, b []byte) (m flow.MAC) {
	if len(b) == 2 {
		return flow.MAC{byte(network >> 8), byte(network), 4: b[1], 5: b[0]}
	}
	for i := range m {
		m[i] = b[5-i]
	}
	return m
}
