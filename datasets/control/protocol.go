package control

import "github.com/necstgen/necstgen/datasets/flow"

// IP protocols (IANA) that are known beside those of package flow.
const (
	igmp         = 2
	gre          = 47
	esp          = 50
	ospf         = 89
	vrrp         = 112
	experimental = 253 // for experiments (RFC 3692)
)

// protocols are those whose packets are written as they should be.
var protocols = map[uint8]struct{}{0: {}, flow.ICMP: {}, flow.ICMPv6: {}, igmp: {}, gre: {}, esp: {}, ospf: {}, vrrp: {}, experimental: {}}

// Types of ICMPv6 messages (RFC 4443, RFC 4861, RFC 2710, RFC 3810).
const (
	echoRequest6         = 128
	echoReply6           = 129
	query6               = 130
	reportOne6           = 131
	done6                = 132
	routerSolicitation6  = 133
	routerAdvertisement6 = 134
	redirect6            = 137
	report6              = 143
)

// Lengths in bytes.
const (
	etherHeader = 14
	arpMessage  = 28
	ipv4Header  = 20
	routerAlert = 4 // option of IPv4 (RFC 2113)
	ipv6Header  = 40
	hopByHop    = 8 // header with the router alert of IPv6 (RFC 2711)
	icmpHeader  = 8
	icmp6Header = 4 // of messages that are neither errors nor echoes
	udpHeader   = 8
)

// length returns the payload bytes nearest to the generated ones that a message of the kind can
// have.
func (c *Conversation) length(m *message, mtu int) int {
	room := mtu - ipv4Header - icmpHeader
	if c.six {
		room = mtu - ipv6Header - hopByHop - icmpHeader
	}
	n := min(max(0, m.payload), room)
	t := m.kind.Type()
	switch c.proto {
	case 0:
		return 0
	case flow.ICMP:
		return c.icmpLength(t, n)
	case flow.ICMPv6:
		return icmp6Length(m.kind, n)
	case igmp:
		return igmpLength(t, n)
	case gre, esp:
		return max(8, n)
	case ospf:
		if c.six {
			return max(36, n&^3)
		}
		return max(44, n&^3)
	case vrrp:
		return max(20, n&^3)
	}
	return n
}

func (c *Conversation) icmpLength(t uint8, n int) int {
	switch t {
	case 3, 4, 5, 11, 12:
		return max(ipv4Header+udpHeader, n)
	case 9:
		return max(8, n&^7)
	case 13, 14:
		return 12
	case 17, 18:
		return 4
	}
	return n
}

func icmp6Length(kind flow.MessageKind, n int) int {
	switch t := kind.Type(); {
	case t >= 1 && t <= 4:
		return max(ipv6Header+udpHeader, n)
	case t == query6 && n >= 24:
		return 24
	case t >= query6 && t <= done6:
		return 20
	case t == report6:
		return 4 + 20*max(1, (n-4)/20)
	case t == routerSolicitation6:
		return 4 + 8*min(1, max(0, n-4)/8)
	case t == routerAdvertisement6:
		return 12 + advertised(max(0, n-12))
	case t == flow.NeighborSolicitation.Type() || t == flow.NeighborAdvertisement.Type():
		return 20 + 8*min(1, max(0, n-20)/8)
	case t == redirect6:
		return 36
	}
	return n
}

func igmpLength(t uint8, n int) int {
	switch {
	case t == 0x22:
		return 8 + 8*max(1, (n-8)/8)
	case t == 0x11 && n >= 12:
		return 12
	}
	return 8
}
