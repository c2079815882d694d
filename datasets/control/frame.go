package control

import (
	"encoding/binary"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// EtherTypes.
const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeIPv6 = 0x86dd
)

// Frame writes message i into b, which has room for an IP packet of the MTU and an Ethernet
// header, and returns the length of the frame without padding.
func (c *Conversation) Frame(b []byte, i int) int {
	m := &c.messages[i]
	e, to := c.ends.Hosts[m.dir], c.ends.Hosts[1-m.dir]
	if c.proto == 0 {
		return arp(b, m.kind, e, to)
	}
	src, dst, mac := c.route(m, e, to)
	copy(b[0:6], mac[:])
	copy(b[6:12], e.MAC[:])
	if c.six {
		return c.frame6(b, m, e, src, dst)
	}
	return c.frame4(b, m, e, src, dst)
}

// arp writes an ARP message for IPv4 over Ethernet.
func arp(b []byte, kind flow.MessageKind, e, to *address.HostState) int {
	be := binary.BigEndian
	mac, target, hardware := broadcast, to.Address, flow.MAC{}
	sender := e.Address
	switch kind {
	case flow.ARPReply:
		mac, hardware = to.MAC, to.MAC
	case flow.ARPRefresh:
		mac = to.MAC
	case flow.ARPAnnouncement:
		target = sender
	case flow.ARPGratuitous:
		target, hardware = sender, e.MAC
	case flow.ARPProbe:
		target, sender = sender, netip.IPv4Unspecified()
	}
	copy(b[0:6], mac[:])
	copy(b[6:12], e.MAC[:])
	be.PutUint16(b[12:], typeARP)
	a := b[etherHeader : etherHeader+arpMessage]
	be.PutUint16(a, 1) // Ethernet
	be.PutUint16(a[2:], typeIPv4)
	a[4], a[5] = 6, 4
	be.PutUint16(a[6:], uint16(kind&0xff))
	copy(a[8:], e.MAC[:])
	copy(a[14:], sender.AsSlice())
	copy(a[18:], hardware[:])
	copy(a[24:], target.AsSlice())
	return etherHeader + arpMessage
}

var broadcast = flow.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// route returns the addresses of an IP packet and the MAC that it goes to.
func (c *Conversation) route(m *message, e, to *address.HostState) (src, dst netip.Addr, mac flow.MAC) {
	src, dst = e.Address, to.Address
	group := netip.Addr{}
	switch c.proto {
	case flow.ICMP:
		if t := m.kind.Type(); t == 9 {
			group = allHosts4
		} else if t == 10 {
			group = allRouters4
		}
	case flow.ICMPv6:
		src, group = c.route6(m, e, to)
	case igmp:
		group = c.members4(m)
	case ospf:
		if group = ospf4; c.six {
			src, group = linkLocal(e.MAC), ospf6
		}
	case vrrp:
		group = vrrp4
	}
	if group.IsValid() {
		return src, group, groupMAC(group)
	}
	return src, dst, to.MAC
}

// route6 returns who sends an ICMPv6 message and, if it goes to a group, which.
func (c *Conversation) route6(m *message, e, to *address.HostState) (src, group netip.Addr) {
	src = e.Address
	switch t := m.kind.Type(); {
	case m.kind == flow.NeighborProbe:
		return netip.IPv6Unspecified(), solicitedNode(src)
	case m.kind == flow.NeighborSolicitation:
		return src, solicitedNode(to.Address)
	case m.kind == flow.NeighborAnnouncement:
		return src, allHosts6
	case t == routerSolicitation6:
		return linkLocal(e.MAC), allRouters6
	case t == routerAdvertisement6:
		return linkLocal(e.MAC), allHosts6
	case t == redirect6:
		return linkLocal(e.MAC), netip.Addr{}
	case t == query6:
		return linkLocal(e.MAC), allHosts6
	case t == reportOne6:
		return linkLocal(e.MAC), groups6[c.group]
	case t == done6:
		return linkLocal(e.MAC), allRouters6
	case t == report6:
		return linkLocal(e.MAC), reports6
	}
	return src, netip.Addr{}
}

// members4 returns where an IGMP message goes (RFC 2236, 9; RFC 3376, 4.2.14).
func (c *Conversation) members4(m *message) netip.Addr {
	switch m.kind.Type() {
	case 0x11:
		return allHosts4
	case 0x17:
		return allRouters4
	case 0x22:
		return reports4
	}
	return groups4[c.group]
}

// frame4 writes an IPv4 packet.
func (c *Conversation) frame4(b []byte, m *message, e *address.HostState, src, dst netip.Addr) int {
	be := binary.BigEndian
	be.PutUint16(b[12:], typeIPv4)
	ip, header := b[etherHeader:], ipv4Header
	clear(ip[:ipv4Header])
	if c.proto == igmp {
		header += routerAlert
		be.PutUint32(ip[ipv4Header:], 0x94040000)
	}
	ip[0], ip[8], ip[9] = 0x40|byte(header/4), e.TTL, c.proto
	switch c.proto {
	case igmp, ospf:
		ip[1], ip[8] = 0xc0, 1 // to the link, as internetwork control
	case vrrp:
		ip[1], ip[8] = 0xc0, 255
	case flow.ICMP:
		if dst.IsMulticast() {
			ip[8] = 1
		}
	}
	be.PutUint16(ip[4:], e.NextID)
	e.NextID++
	if c.proto == flow.ICMP && m.kind == 8<<8 {
		ip[6] = 0x40 // an echo request finds the path's MTU, an answer may be fragmented
	}
	copy(ip[12:], src.AsSlice())
	copy(ip[16:], dst.AsSlice())
	n := header + c.body(ip[header:], m, src, dst)
	be.PutUint16(ip[2:], uint16(n))
	be.PutUint16(ip[10:], checksum(0, ip[:header]))
	return etherHeader + n
}

// frame6 writes an IPv6 packet.
func (c *Conversation) frame6(b []byte, m *message, e *address.HostState, src, dst netip.Addr) int {
	be := binary.BigEndian
	be.PutUint16(b[12:], typeIPv6)
	ip, header := b[etherHeader:], ipv6Header
	clear(ip[:ipv6Header])
	ip[0], ip[6], ip[7] = 0x60, c.proto, e.TTL
	t := m.kind.Type()
	switch {
	case c.proto == flow.ICMPv6 && t >= routerSolicitation6 && t <= redirect6:
		ip[7] = 255 // so that a receiver knows that no router has passed it on (RFC 4861, 3.1)
	case c.proto == ospf:
		ip[7] = 1
	case c.proto == flow.ICMPv6 && (t >= query6 && t <= done6 || t == report6):
		ip[6], ip[7] = 0, 1
		copy(ip[ipv6Header:], []byte{c.proto, 0, 5, 2, 0, 0, 1, 0})
		header += hopByHop
	}
	copy(ip[8:], src.AsSlice())
	copy(ip[24:], dst.AsSlice())
	n := header + c.body(ip[header:], m, src, dst)
	be.PutUint16(ip[4:], uint16(n-ipv6Header))
	return etherHeader + n
}

// body writes what stands behind the IP header and returns its length.
func (c *Conversation) body(b []byte, m *message, src, dst netip.Addr) int {
	header := 0
	switch {
	case c.proto == flow.ICMP, c.proto == flow.ICMPv6 && (m.kind.Type() <= 4 || m.kind.Type() == echoRequest6 || m.kind.Type() == echoReply6):
		header = icmpHeader
	case c.proto == flow.ICMPv6:
		header = icmp6Header
	}
	b = b[:header+m.payload]
	clear(b)
	switch c.proto {
	case flow.ICMP:
		c.icmp(b, m)
		binary.BigEndian.PutUint16(b[2:], checksum(0, b))
	case flow.ICMPv6:
		c.icmp6(b, m)
		binary.BigEndian.PutUint16(b[2:], checksum(pseudo(src, dst, c.proto, len(b)), b))
	case igmp:
		c.igmp(b, m)
		binary.BigEndian.PutUint16(b[2:], checksum(0, b))
	default:
		c.other(b, m, src, dst)
	}
	return len(b)
}

// checksum returns the Internet checksum (RFC 1071) of b, whose own field is 0, on top of a sum.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// pseudo returns the sum of a pseudo header (RFC 8200, 8.1).
func pseudo(src, dst netip.Addr, proto uint8, length int) uint32 {
	sum := uint32(proto) + uint32(length)
	for _, a := range []netip.Addr{src, dst} {
		for b := a.AsSlice(); len(b) > 0; b = b[2:] {
			sum += uint32(b[0])<<8 | uint32(b[1])
		}
	}
	return sum
}
