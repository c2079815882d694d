package pcap

import (
	"fmt"

	"github.com/google/gopacket/layers"
)

// linkType is a capture's link-layer header type (https://www.tcpdump.org/linktypes.html).
type linkType uint16

// The link types that are decoded.
const (
	linkNull     linkType = 0
	linkEthernet linkType = 1
	linkPPP      linkType = 9
	linkRaw12    linkType = 12 // DLT_RAW on most systems
	linkRaw14    linkType = 14 // DLT_RAW on OpenBSD
	linkPPPHDLC  linkType = 50
	linkPPPEther linkType = 51
	linkRaw      linkType = 101
	linkLoop     linkType = 108
	linkCooked   linkType = 113
	linkIPv4     linkType = 228
	linkIPv6     linkType = 229
	linkLoRaTap  linkType = 270
	linkCooked2  linkType = 276
)

var linkNames = map[linkType]string{
	linkNull: "BSD loopback", linkEthernet: "Ethernet", linkPPP: "PPP", linkRaw12: "raw IP", linkRaw14: "raw IP", linkPPPHDLC: "PPP in HDLC framing",
	linkPPPEther: "PPPoE", linkRaw: "raw IP", linkLoop: "OpenBSD loopback", linkCooked: "Linux cooked", linkIPv4: "raw IPv4", linkIPv6: "raw IPv6",
	linkLoRaTap: "LoRaTap", linkCooked2: "Linux cooked v2",
}

func (l linkType) supported() bool { return linkNames[l] != "" }

func (l linkType) String() string {
	if name := linkNames[l]; name != "" {
		return name
	}
	if name := layers.LinkType(l).String(); l <= 0xff && name != "" && name != "UnknownLinkType" {
		return name
	}
	return "unknown"
}

func (l linkType) unsupported() error {
	return fmt.Errorf("link type %d (%s) is not supported: want Ethernet, Linux cooked, raw IP, BSD loopback, PPP, PPPoE or LoRaTap", uint16(l), l)
}
