package control

import (
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Groups of IPv4 and IPv6 that messages go to (IANA multicast address assignments).
var (
	allHosts4, allRouters4 = netip.MustParseAddr("224.0.0.1"), netip.MustParseAddr("224.0.0.2")
	allHosts6, allRouters6 = netip.MustParseAddr("ff02::1"), netip.MustParseAddr("ff02::2")
	reports4, reports6     = netip.MustParseAddr("224.0.0.22"), netip.MustParseAddr("ff02::16")
	ospf4, ospf6           = netip.MustParseAddr("224.0.0.5"), netip.MustParseAddr("ff02::5")
	vrrp4                  = netip.MustParseAddr("224.0.0.18")
)

// groups4 and groups6 are what hosts are members of: multicast DNS, SSDP and LLMNR.
var (
	groups4 = [...]netip.Addr{netip.MustParseAddr("224.0.0.251"), netip.MustParseAddr("239.255.255.250"), netip.MustParseAddr("224.0.0.252")}
	groups6 = [...]netip.Addr{netip.MustParseAddr("ff02::fb"), netip.MustParseAddr("ff02::c"), netip.MustParseAddr("ff02::1:3")}
)

// ToGroup reports whether messages of a kind go to all hosts or to a group, so that a flow of
// them has one host alone.
func ToGroup(proto uint8, kind flow.MessageKind) bool {
	switch proto {
	case 0:
		return kind == flow.ARPAnnouncement || kind == flow.ARPGratuitous || kind == flow.ARPProbe
	case flow.ICMP:
		return kind.Type() == 9 || kind.Type() == 10
	case flow.ICMPv6:
		t := kind.Type()
		return kind == flow.NeighborProbe || kind == flow.NeighborAnnouncement || t >= query6 && t <= routerAdvertisement6 || t == report6
	case igmp, ospf, vrrp:
		return true
	}
	return false
}

// groupMAC returns the MAC address of a group (RFC 1112, 6.4; RFC 2464, 7).
func groupMAC(a netip.Addr) flow.MAC {
	if a.Is4() {
		b := a.As4()
		return flow.MAC{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	b := a.As16()
	return flow.MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// solicitedNode returns the group that a host with an address is in, to be asked for it
// (RFC 4291, 2.7.1).
func solicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// linkLocal returns the link-local address of a host, which its MAC gives it (RFC 4291,
// appendix A).
func linkLocal(m flow.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}
