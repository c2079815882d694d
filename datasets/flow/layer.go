package flow

import (
	"fmt"
	"strings"
)

// MaxLayers is how many layers of a packet are kept: NeCSTGen's tables have
// layers_0 to layers_5.
const MaxLayers = 6

// Layer is one dissected layer and its length in bytes: everything below it
// included, trailing Ethernet padding too.
type Layer struct {
	Name   LayerName
	Length int32
}

// Layers are a packet's dissected layers, outermost first. Layers beyond the
// packet's own have the name NoLayer.
type Layers [MaxLayers]Layer

// Count returns the number of layers before the first NoLayer.
func (l *Layers) Count() int {
	for i := range l {
		if l[i].Name == NoLayer {
			return i
		}
	}
	return MaxLayers
}

// Has reports whether one of the layers has the name.
func (l *Layers) Has(name LayerName) bool {
	for i := range l {
		if l[i].Name == name {
			return true
		}
	}
	return false
}

// LayerName is the dissector's name of a layer (algorithm.md 1.1): one byte
// that stands for a text of a fixed set.
type LayerName uint8

// The layers that are named. NoLayer is NeCSTGen's category for a layer that is
// not there; tables write "None". Names that NeCSTGen's tables hold are spelled
// as there, others as scapy spells them.
const (
	NoLayer LayerName = iota
	LayerEther
	LayerDot3
	LayerDot1Q
	LayerDot1AD
	LayerLLC
	LayerSNAP
	LayerCookedLinux
	LayerCookedLinuxV2
	LayerLoopback
	LayerPPPoE
	LayerPPPoED
	LayerPPP
	LayerLoRaTap
	LayerARP
	LayerIP
	LayerIPv6
	LayerIPv6HopByHop
	LayerIPv6Routing
	LayerIPv6Fragment
	LayerIPv6DestOpt
	LayerAH
	LayerICMP
	LayerICMPv6
	LayerIPError
	LayerTCPError
	LayerUDPError
	LayerICMPError
	LayerTCP
	LayerUDP
	LayerRaw
	LayerPadding
	LayerHTTP
	LayerHTTPRequest
	LayerHTTPResponse
	LayerSMTPRequest
	LayerSMTPResponse
	LayerTelnet
	LayerSSH
	LayerFTPRequest
	LayerFTPResponse
	LayerFTPData
	LayerPOPRequest
	LayerPOPResponse
	LayerPOP
	LayerIMAPRequest
	LayerIMAPResponse
	LayerSIP
	LayerIRCRequest
	LayerIRCResponse
	LayerDNS
	LayerNTP
	LayerSNMP
	LayerRIP
	LayerRIPEntry
	LayerNBNS
	LayerPPTP
	LayerH2Frame
	LayerTLS
	LayerHandshake
	LayerGQUIC
	LayerQUIC
	LayerPayload
	LayerDataLength
	LayerSemtech
	LayerLoRaWAN
	LayerRadioTap
	LayerPrism
	LayerPPI
	LayerDot11
	LayerCiscoHDLC
	LayerFDDI
	LayerNFLOG
	LayerPFLog
	LayerDot15d4
	LayerSixLoWPAN
	LayerMPLS
	layerCount
)

// anyLayer stands in a rule for a layer that may have any name.
const anyLayer = layerCount

var layerNames = [layerCount]string{
	"None", "Ether", "Dot3", "Dot1Q", "Dot1AD", "LLC", "SNAP", "CookedLinux", "CookedLinuxV2", "Loopback", "PPPoE", "PPPoED", "PPP", "LoRaTap",
	"ARP", "IP", "IPv6", "IPv6ExtHdrHopByHop", "IPv6ExtHdrRouting", "IPv6ExtHdrFragment", "IPv6ExtHdrDestOpt", "AH",
	"ICMP", "ICMPv6", "IPerror", "TCPerror", "UDPerror", "ICMPerror", "TCP", "UDP", "Raw", "Padding",
	"HTTP", "HTTPRequest", "HTTPResponse", "SMTPRequest", "SMTPResponse", "TELNET", "SSH",
	"FTPRequest", "FTPResponse", "FTPData", "POPReq", "POPRes", "POP", "IMAPReq", "IMAPRes", "SIP", "IRCReq", "IRCRes",
	"DNS", "NTPHeader", "SNMP", "RIP", "RIPEntry", "NBNSQueryRequest", "PPTP", "H2Frame", "TLS", "handshake",
	"GQUIC", "QUIC", "payload", "data_len", "Semtech", "PHYPayload",
	"RadioTap", "PrismHeader", "PPI", "Dot11", "CHDLC", "FDDI", "NFLOG", "PFLog", "Dot15d4", "SixLoWPAN", "MPLS",
}

// String returns the name as tables write it: "None" for NoLayer.
func (n LayerName) String() string {
	if n >= layerCount {
		return fmt.Sprintf("layer(%d)", uint8(n))
	}
	return layerNames[n]
}

// MarshalText returns the text of String.
func (n LayerName) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText takes a name exactly as String writes it; an empty text is
// NoLayer. The error lists the names.
func (n *LayerName) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = NoLayer
		return nil
	}
	for i, name := range layerNames {
		if name == string(text) {
			*n = LayerName(i)
			return nil
		}
	}
	return fmt.Errorf("flow: unknown layer %q: want one of %s", text, strings.Join(layerNames[:], ", "))
}
