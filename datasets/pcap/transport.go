package pcap

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/flow"
)

// transport decodes the IP payload frame[off:end], of which the IP header
// declares a length. A later fragment has no transport header.
func (d *decoder) transport(off, end, declared int, later bool) error {
	proto := layers.IPProtocol(d.packet.Tuple.Proto)
	if d.unwrap && proto != layers.IPProtocolTCP && !later {
		if found, err := d.tunnel(off, end); found {
			return err
		}
	}
	switch {
	case later || declared == 0:
	case proto == layers.IPProtocolTCP:
		return d.tcp(off, end, declared)
	case proto == layers.IPProtocolUDP:
		return d.udp(off, end, declared)
	case proto == layers.IPProtocolICMPv4:
		return d.icmp(off, end, declared)
	case proto == layers.IPProtocolICMPv6:
		return d.icmp6(off, end, declared)
	}
	if off < end {
		d.add(flow.LayerRaw, off)
		if proto == layers.IPProtocolIGMP && !later {
			d.packet.Message = &flow.Message{Kind: flow.MessageKind(d.frame[off]) << 8}
		}
	}
	d.payload(off, end, declared)
	d.padding(end)
	return nil
}

// message says what an ICMP or ICMPv6 message at off is.
func (d *decoder) message(off int) {
	d.packet.Message = &flow.Message{Kind: flow.MessageKind(d.uint16(off))}
}

// neighbor adds to an ICMPv6 message at off which neighbour it asks for or is of, and to
// whom it goes (RFC 4861, 4.3 and 4.4).
func (d *decoder) neighbor(off, end int) {
	m, t := d.packet.Message, &d.packet.Tuple
	if end < off+24 || m.Kind != flow.NeighborSolicitation && m.Kind != flow.NeighborAdvertisement {
		return
	}
	m.Target = netip.AddrFrom16([16]byte(d.frame[off+8 : off+24]))
	switch {
	case m.Kind == flow.NeighborSolicitation && t.Src.Addr().IsUnspecified():
		m.Kind = flow.NeighborProbe
	case m.Kind == flow.NeighborAdvertisement && t.Dst.Addr().IsMulticast():
		m.Kind = flow.NeighborAnnouncement
	}
}

// ports are the first four bytes of TCP and UDP headers.
func (d *decoder) ports(off int) {
	t := &d.packet.Tuple
	t.Src = netip.AddrPortFrom(t.Src.Addr(), uint16(d.uint16(off)))
	t.Dst = netip.AddrPortFrom(t.Dst.Addr(), uint16(d.uint16(off+2)))
}

// stub names a transport header that does not fit. The ports are there if four
// bytes are; the payload's length is unknown.
func (d *decoder) stub(name string, layer flow.LayerName, off, end, declared, want int) error {
	d.add(layer, off)
	if end >= off+4 {
		d.ports(off)
	}
	d.payload(end, end, 0)
	if d.cut && declared >= want || d.packet.Fragment {
		return nil
	}
	return damagedf("%s header at byte %d: %d bytes are left, want %d", name, off, end-off, want)
}

// tcp decodes a TCP segment (RFC 9293).
func (d *decoder) tcp(off, end, declared int) error {
	if end < off+20 {
		return d.stub("TCP", flow.LayerTCP, off, end, declared, 20)
	}
	b := d.frame[off:end]
	d.add(flow.LayerTCP, off)
	d.ports(off)
	p := &d.packet
	p.Seq, p.Ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	p.Flags = flow.TCPFlags(b[13])
	p.Window = binary.BigEndian.Uint16(b[14:])
	header := int(b[12]>>4) * 4
	if header < 20 || header > declared {
		d.payload(off+20, end, max(0, declared-20))
		return damagedf("TCP header at byte %d: data offset of %d bytes in a segment of %d", off, header, declared)
	}
	if header > 20 {
		readOptions(p, b[20:min(header, len(b))])
	}
	d.payload(off+header, end, declared-header)
	p.HeaderLength = int32(off + header) // also where the capture cuts the options
	return nil
}

// readOptions notes the TCP options, up to one that is damaged or cut off.
func readOptions(p *flow.Packet, options []byte) {
	for at := 0; len(options) > 0; at += 4 {
		kind, length := flow.OptionOf(options[0]), 1
		if kind != flow.OptionEnd && kind != flow.OptionNOP {
			if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
				return
			}
			length = int(options[1])
		}
		if at < 64 {
			p.Options |= flow.TCPOptions(kind) << at
		}
		switch {
		case kind == flow.OptionEnd:
			return
		case kind == flow.OptionMSS && length == 4 && p.Flags&flow.SYN != 0 && p.MSS == 0:
			p.MSS = binary.BigEndian.Uint16(options[2:])
		case kind == flow.OptionTimestamps && length == 10:
			p.Stamp = binary.BigEndian.Uint32(options[2:])
		}
		options = options[length:]
	}
}

// udp decodes a UDP datagram (RFC 768). Its length rules unless it is 0 (a jumbogram) or the datagram
// is fragmented.
func (d *decoder) udp(off, end, declared int) error {
	if end < off+8 {
		return d.stub("UDP", flow.LayerUDP, off, end, declared, 8)
	}
	d.add(flow.LayerUDP, off)
	d.ports(off)
	length := d.uint16(off + 4)
	switch {
	case length == 0 || length > declared:
		length = declared
	case length < 8:
		d.payload(off+8, end, max(0, declared-8))
		return damagedf("UDP header at byte %d: length %d: want at least 8", off, length)
	}
	d.payload(off+8, min(end, off+length), length-8)
	return nil
}

// icmp decodes an ICMP message (RFC 792). An error quotes the header of the packet that caused it.
func (d *decoder) icmp(off, end, declared int) error {
	if end < off+8 {
		d.add(flow.LayerICMP, off)
		d.payload(end, end, 0)
		if d.cut || d.packet.Fragment {
			return nil
		}
		return damagedf("ICMP header at byte %d: %d bytes are left, want 8", off, end-off)
	}
	d.add(flow.LayerICMP, off)
	d.message(off)
	d.payload(off+8, end, declared-8)
	switch kind := d.frame[off]; {
	case off+8 == end:
	case kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12:
		d.quoted(off+8, end)
	default:
		d.add(flow.LayerRaw, off+8)
	}
	d.padding(end)
	return nil
}

// quoted names the layers of a packet inside an ICMP error. It sets no field:
// they belong to the outer packet.
func (d *decoder) quoted(off, end int) {
	b := d.frame[off:end]
	if len(b) < 20 || b[0]>>4 != 4 || b[0]&15 < 5 {
		d.add(flow.LayerRaw, off)
		return
	}
	d.add(flow.LayerIPError, off)
	header := int(b[0]&15) * 4
	inner := off + header
	if inner >= end {
		return
	}
	if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 { // a later fragment
		d.add(flow.LayerRaw, inner)
		return
	}
	switch layers.IPProtocol(b[9]) {
	case layers.IPProtocolTCP:
		d.add(flow.LayerTCPError, inner)
	case layers.IPProtocolUDP:
		d.add(flow.LayerUDPError, inner)
		d.quotedDatagram(inner, end)
	case layers.IPProtocolICMPv4:
		d.add(flow.LayerICMPError, inner)
	default:
		d.add(flow.LayerRaw, inner)
	}
}

// quotedDatagram names the payload of a datagram inside an ICMP error.
func (d *decoder) quotedDatagram(off, end int) {
	if end <= off+8 {
		return
	}
	d.add(flow.DatagramLayer(uint16(d.uint16(off)), uint16(d.uint16(off+2)), d.frame[off+8:end]), off+8)
}

// icmp6 decodes an ICMPv6 message (RFC 4443): errors and echo have eight header bytes, the rest four.
func (d *decoder) icmp6(off, end, declared int) error {
	d.add(flow.LayerICMPv6, off)
	header := 4
	if off < end && (d.frame[off] <= 4 || d.frame[off] == 128 || d.frame[off] == 129) {
		header = 8
	}
	if end < off+header {
		d.payload(end, end, 0)
		if d.cut || d.packet.Fragment {
			return nil
		}
		return damagedf("ICMPv6 header at byte %d: %d bytes are left, want %d", off, end-off, header)
	}
	d.message(off)
	d.neighbor(off, end)
	d.payload(off+header, end, declared-header)
	if off+header < end {
		d.add(flow.LayerRaw, off+header)
	}
	d.padding(end)
	return nil
}
