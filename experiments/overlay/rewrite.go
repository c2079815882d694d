package overlay

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Types of Ethernet frames, and what stands in them.
const (
	macs       = 12 // bytes of both MACs
	typeIPv4   = 0x0800
	typeARP    = 0x0806
	typeVLAN   = 0x8100
	typeQinQ   = 0x88a8
	typeIPv6   = 0x86dd
	ipv4Header = 20
	ipv6Header = 40
	arpLength  = 28 // of Ethernet and IPv4 (RFC 826)
)

// substitute returns an end with the address of the host that stands for its own.
func substitute(end netip.AddrPort, hosts map[netip.Addr]address.Host) netip.AddrPort {
	if h, ok := hosts[end.Addr().Unmap()]; ok {
		return netip.AddrPortFrom(h.Address, end.Port())
	}
	return end
}

// network returns the type of what an Ethernet frame carries behind VLAN tags, and that.
func network(frame []byte) (kind uint16, body []byte) {
	at := macs
	for at+2 <= len(frame) {
		kind = binary.BigEndian.Uint16(frame[at:])
		if kind != typeVLAN && kind != typeQinQ {
			return kind, frame[at+2:]
		}
		at += 4
	}
	return 0, nil
}

// rewritable reports whether all addresses of a frame can be replaced. Frames that are
// neither IP nor ARP, and neighbour discovery, cannot: they are left out. An IP packet with
// another one inside is an error, because the inner one is what the flows are of.
func rewritable(p *flow.Packet, frame []byte) (bool, error) {
	kind, body := network(frame)
	var ends [2]netip.Addr
	switch {
	case kind == typeARP && len(body) >= arpLength && binary.BigEndian.Uint32(body) == 1<<16|typeIPv4:
		return true, nil
	case kind == typeIPv4 && len(body) >= ipv4Header:
		ends = [2]netip.Addr{netip.AddrFrom4([4]byte(body[12:16])), netip.AddrFrom4([4]byte(body[16:20]))}
	case kind == typeIPv6 && len(body) >= ipv6Header:
		ends = [2]netip.Addr{netip.AddrFrom16([16]byte(body[8:24])), netip.AddrFrom16([16]byte(body[24:40]))}
		if proto, at := upper6(body); proto == flow.ICMPv6 && at < len(body) && body[at] >= 133 && body[at] <= 137 {
			return false, nil
		}
	case p.Tuple.Src.IsValid():
		return false, errInside
	default:
		return false, nil
	}
	if p.Tuple.Src.Addr().Unmap() != ends[0].Unmap() || p.Tuple.Dst.Addr().Unmap() != ends[1].Unmap() {
		return false, errInside
	}
	return true, nil
}

var errInside = errors.New("its addresses are inside of another packet (a tunnel, MPLS, PPPoE): want it without that, or --keep-addresses")

// rewrite replaces the addresses of a frame that is rewritable.
func rewrite(frame []byte, hosts map[netip.Addr]address.Host) {
	kind, body := network(frame)
	var src, dst netip.Addr
	switch kind {
	case typeARP:
		rewriteARP(body, hosts)
		src, dst = netip.AddrFrom4([4]byte(body[14:18])), netip.AddrFrom4([4]byte(body[24:28]))
		setMAC(frame[6:], body[8:14])
		if frame[0]&1 == 0 {
			setMAC(frame, body[18:24])
		}
		return
	case typeIPv4:
		src, dst = netip.AddrFrom4([4]byte(body[12:16])), netip.AddrFrom4([4]byte(body[16:20]))
		rewrite4(body, hosts)
	case typeIPv6:
		src, dst = netip.AddrFrom16([16]byte(body[8:24])), netip.AddrFrom16([16]byte(body[24:40]))
		rewrite6(body, hosts)
	}
	if h, ok := hosts[src.Unmap()]; ok {
		setMAC(frame[6:], h.MAC[:])
	}
	if h, ok := hosts[dst.Unmap()]; ok && frame[0]&1 == 0 {
		setMAC(frame, h.MAC[:])
	}
}

func setMAC(to, mac []byte) { copy(to[:6], mac) }

// rewriteARP replaces sender and target of an ARP message (RFC 826), of which a request
// does not know the target's MAC.
func rewriteARP(body []byte, hosts map[netip.Addr]address.Host) {
	for _, at := range []int{8, 18} {
		h, ok := hosts[netip.AddrFrom4([4]byte(body[at+6:at+10]))]
		if !ok {
			continue
		}
		if [6]byte(body[at:at+6]) != [6]byte{} {
			copy(body[at:], h.MAC[:])
		}
		copy(body[at+6:at+10], h.Address.AsSlice())
	}
}

// rewrite4 replaces the addresses of an IPv4 packet and mends the checksums that cover
// them. It returns how the sum of the packet's words changes, for a checksum around it.
func rewrite4(packet []byte, hosts map[netip.Addr]address.Host) (change uint32) {
	header := int(packet[0]&15) * 4
	if len(packet) < max(ipv4Header, header) {
		return 0
	}
	pseudo := replace(packet[12:16], hosts) + replace(packet[16:20], hosts)
	change = pseudo + mend(packet[10:12], pseudo)
	if binary.BigEndian.Uint16(packet[6:])&0x1fff != 0 { // a later fragment
		return change
	}
	end := min(len(packet), max(header, int(binary.BigEndian.Uint16(packet[2:]))))
	return change + rewriteUpper(packet[9], packet[header:end], pseudo, hosts)
}

// rewrite6 is rewrite4 for IPv6, whose header has no checksum.
func rewrite6(packet []byte, hosts map[netip.Addr]address.Host) (change uint32) {
	if len(packet) < ipv6Header {
		return 0
	}
	pseudo := replace(packet[8:24], hosts) + replace(packet[24:40], hosts)
	proto, at := upper6(packet)
	if at >= len(packet) {
		return pseudo
	}
	return pseudo + rewriteUpper(proto, packet[at:], pseudo, hosts)
}

// upper6 returns the protocol behind the extension headers of an IPv6 packet, and where it
// begins: behind the packet for a later fragment.
func upper6(packet []byte) (proto uint8, at int) {
	proto, at = packet[6], ipv6Header
	for at+8 <= len(packet) {
		switch proto {
		case 0, 43, 60: // hop by hop, routing, destination
			proto, at = packet[at], at+8+8*int(packet[at+1])
		case 44: // fragment
			if binary.BigEndian.Uint16(packet[at+2:])&^7 != 0 {
				return packet[at], len(packet)
			}
			proto, at = packet[at], at+8
		default:
			return proto, at
		}
	}
	return proto, at
}

// rewriteUpper mends what an IP packet carries, given how the sum of its addresses has
// changed, and returns how the sum of its own words changes.
func rewriteUpper(proto uint8, body []byte, pseudo uint32, hosts map[netip.Addr]address.Host) (change uint32) {
	switch proto {
	case flow.TCP:
		if len(body) >= 18 {
			return mend(body[16:18], pseudo)
		}
	case flow.UDP:
		if len(body) < 8 || binary.BigEndian.Uint16(body[6:]) == 0 { // there is none
			return 0
		}
		if change = mend(body[6:8], pseudo); binary.BigEndian.Uint16(body[6:]) == 0 {
			binary.BigEndian.PutUint16(body[6:], 0xffff) // the same sum (RFC 768)
		}
		return change
	case flow.ICMP:
		if len(body) < 8 {
			return 0
		}
		switch body[0] {
		case 3, 4, 5, 11, 12: // errors, which quote a packet (RFC 792)
			change = rewrite4(body[8:], hosts)
		}
		if body[0] == 5 { // a redirect names a gateway
			change += replace(body[4:8], hosts)
		}
		return change + mend(body[2:4], change)
	case flow.ICMPv6:
		if len(body) < 8 {
			return 0
		}
		if body[0] < 128 { // errors (RFC 4443)
			change = rewrite6(body[8:], hosts)
		}
		return change + mend(body[2:4], change+pseudo)
	}
	return 0
}

// replace replaces an address and returns how the sum of its words changes.
func replace(field []byte, hosts map[netip.Addr]address.Host) (change uint32) {
	a, _ := netip.AddrFromSlice(field)
	h, ok := hosts[a.Unmap()]
	if !ok || h.Address.Is4() != (len(field) == 4) {
		return 0
	}
	for i := 0; i < len(field); i += 2 {
		change += uint32(^binary.BigEndian.Uint16(field[i:]))
	}
	copy(field, h.Address.AsSlice())
	for i := 0; i < len(field); i += 2 {
		change += uint32(binary.BigEndian.Uint16(field[i:]))
	}
	return change
}

// mend updates a checksum by how the sum of what it covers has changed (RFC 1624, equation
// 3), and returns how the sum of its own word changes.
func mend(checksum []byte, change uint32) uint32 {
	before := binary.BigEndian.Uint16(checksum)
	sum := uint32(^before) + fold(change)
	after := ^uint16(fold(sum))
	binary.BigEndian.PutUint16(checksum, after)
	return uint32(^before) + uint32(after)
}

// fold brings a sum of 16-bit words down to 16 bits.
func fold(sum uint32) uint32 {
	sum = sum>>16 + sum&0xffff
	return sum>>16 + sum&0xffff
}
