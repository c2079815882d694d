package pcap

import (
	"fmt"

	"github.com/google/gopacket/layers"
)

// linkType is a capture's link-layer header type (https://www.tcpdump.org/linktypes.html).
type linkType uint16

// The link types that are decoded.
const (
	linkNull      linkType = 0
	linkEthernet  linkType = 1
	linkPPP       linkType = 9
	linkFDDI      linkType = 10
	linkRaw12     linkType = 12 // DLT_RAW on most systems
	linkRaw14     linkType = 14 // DLT_RAW on OpenBSD
	linkPPPHDLC   linkType = 50
	linkPPPEther  linkType = 51
	linkRaw       linkType = 101
	linkCiscoHDLC linkType = 104
	linkWiFi      linkType = 105
	linkLoop      linkType = 108
	linkCooked    linkType = 113
	linkPFLog     linkType = 117
	linkPrism     linkType = 119
	linkRadioTap  linkType = 127
	linkAVS       linkType = 163
	linkPPI       linkType = 192
	linkDot15d4   linkType = 195
	linkIPv4      linkType = 228
	linkIPv6      linkType = 229
	linkDot15NoFC linkType = 230
	linkNFLOG     linkType = 239
	linkLoRaTap   linkType = 270
	linkCooked2   linkType = 276
	linkDot15TAP  linkType = 283
)

var linkNames = map[linkType]string{
	linkNull: "BSD loopback", linkEthernet: "Ethernet", linkPPP: "PPP", linkFDDI: "FDDI", linkRaw12: "raw IP", linkRaw14: "raw IP",
	linkPPPHDLC: "PPP in HDLC framing", linkPPPEther: "PPPoE", linkRaw: "raw IP", linkCiscoHDLC: "Cisco HDLC", linkWiFi: "802.11",
	linkLoop: "OpenBSD loopback", linkCooked: "Linux cooked", linkPFLog: "OpenBSD pflog", linkPrism: "802.11 with Prism header",
	linkRadioTap: "802.11 with radiotap", linkAVS: "802.11 with AVS header", linkPPI: "PPI", linkDot15d4: "802.15.4", linkIPv4: "raw IPv4",
	linkIPv6: "raw IPv6", linkDot15NoFC: "802.15.4 without FCS", linkNFLOG: "Linux NFLOG", linkLoRaTap: "LoRaTap", linkCooked2: "Linux cooked v2",
	linkDot15TAP: "802.15.4 with TAP header",
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
	return fmt.Errorf("link type %d (%s) is not supported: want Ethernet, Linux cooked, raw IP, BSD loopback, PPP, PPPoE, 802.11, "+
		"Cisco HDLC, FDDI, NFLOG, pflog, 802.15.4 or LoRaTap", uint16(l), l)
}
