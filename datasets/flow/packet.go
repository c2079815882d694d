package flow

import (
	"net/netip"
	"strconv"
	"time"
)

// Packet is one captured, published or generated packet. A field that a packet
// has no value for is zero; what that means stands beside the field.
//
// Length is HeaderLength + PayloadLength and what [Packet.Padding] returns.
type Packet struct {
	Number   int64 // position in its capture, from 0
	Time     int64 // nanoseconds since 1970-01-01 UTC
	Length   int32 // frame bytes on the wire, without the frame check sequence
	Captured int32 // frame bytes kept by the capture; less than Length behind a snap length

	HeaderLength  int32 // link, network and transport header bytes
	PayloadLength int32 // transport payload bytes, from the network header's own length

	SrcMAC, DstMAC MAC       // valid iff the link layer has addresses
	Tuple          FiveTuple // as sent; Proto 0: not IP; ports 0: no ports, or a later fragment
	TTL            uint8     // IPv4 time to live or IPv6 hop limit
	Fragment       bool      // an IP fragment that is not the whole packet
	DontFragment   bool      // the flag of IPv4; false: not set, or IPv6
	ID             uint16    // IPv4 identification; 0: that, or IPv6

	Flags   TCPFlags // valid iff Tuple.Proto is TCP, as are the next six
	Seq     uint32
	Ack     uint32
	Window  uint16     // as sent, not scaled
	MSS     uint16     // maximum segment size option of a SYN, 0 without one
	Options TCPOptions // 0: none, or not known
	Stamp   uint32     // value of the timestamps option, valid iff Options has it

	Layers      Layers      // dissected layers, outermost first (algorithm.md 1.1)
	Application Application // by the ordered rules of algorithm.md 1.3

	FlowID    int64     // set by flow assembly
	Direction Direction // set by flow assembly: Forward is client to server

	// Capture is the name of the capture that the packet comes from, where a file holds
	// packets of several, as NeCSTGen's do. No flow spans two, and times are compared within
	// one alone. "": the stream is one capture.
	Capture string

	// Encapsulation is what a reader has taken off the frame: tags, labels and the headers of
	// tunnels. All other fields, Length and Captured among them, are those of the frame
	// without it. nil: none, or a reader that leaves frames as they are.
	Encapsulation *Encapsulation

	Message *Message // of ARP, ICMP, ICMPv6 and IGMP; nil: any other packet, or one whose message is cut
	Radio   *Radio   // of a LoRaWAN uplink; nil: any other packet
	Decoded *Decoded // of a packet that was drawn through an autoencoder; nil: any other packet

	// Payload is the captured part of the transport payload, of an uplink that of the
	// whole PHYPayload. A reader may reuse
	// its memory for the next packet: copy what must last.
	Payload []byte
}

// Decoded is what the autoencoder of a generator says of a packet that it has drawn: the
// decoded features in their own units. The packet itself is what the network behind the
// autoencoder makes of it (algorithm.md 9.2, the columns that end in _vae).
type Decoded struct {
	Length, HeaderLength, PayloadLength float64 // bytes
	Gap                                 float64 // seconds since the packet before it in the traffic
	Radio                               *Radio  // of an uplink; Gateway, Address and Counter mean nothing
}

// Timestamp returns the packet's time as a time.Time in UTC.
func (p *Packet) Timestamp() time.Time { return time.Unix(0, p.Time).UTC() }

// MinFrame is the length in bytes to which Ethernet pads a shorter frame, without the
// frame check sequence (IEEE 802.3, 3.2.8). A sender's own packets are often captured
// before they are padded.
const MinFrame = 60

// Padding returns the bytes of the frame that are neither header nor payload: what the
// link appends to a short frame (6 behind the 54 of a bare ACK on Ethernet), and of an
// uplink its message integrity code. It is 0 where the lengths of a packet contradict
// each other, and where the snap length cut the transport header it holds all that was cut.
func (p *Packet) Padding() int32 { return max(0, p.Length-p.HeaderLength-p.PayloadLength) }

// IPLength returns the bytes of the packet from its network header on, without what the
// link appends; 0 for one that is not IP.
func (p *Packet) IPLength() int32 {
	for i, l := range p.Layers {
		if l.Name == LayerIP || l.Name == LayerIPv6 {
			return p.HeaderLength + p.PayloadLength - (p.Layers[0].Length - p.Layers[i].Length)
		}
	}
	return 0
}

// MAC is a link-layer address.
type MAC [6]byte

// FiveTuple names the two ends of a transport conversation. It is comparable:
// a map key.
type FiveTuple struct {
	Proto    uint8 // IP protocol number: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6
	Src, Dst netip.AddrPort
}

// IP protocol numbers that the program names.
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58
)

// ProtocolName returns the name of an IP protocol, its number where the program has no
// name for it, and "" for 0, which is no IP.
func ProtocolName(proto uint8) string {
	switch proto {
	case 0:
		return ""
	case ICMP:
		return "ICMP"
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	case ICMPv6:
		return "ICMPv6"
	}
	return strconv.Itoa(int(proto))
}

// Reverse returns the tuple of the opposite direction.
func (t FiveTuple) Reverse() FiveTuple {
	return FiveTuple{Proto: t.Proto, Src: t.Dst, Dst: t.Src}
}

// Canonical returns the same tuple for both directions of a conversation, the
// lower end first, and whether t already was in that order (Forward).
func (t FiveTuple) Canonical() (FiveTuple, Direction) {
	if t.Src.Compare(t.Dst) <= 0 {
		return t, Forward
	}
	return t.Reverse(), Backward
}

// Direction is which end of a flow sent a packet.
type Direction uint8

// Forward is client to server (0 in NeCSTGen's tables), Backward server to client.
const (
	Forward Direction = iota
	Backward
)

// String returns "forward" or "backward".
func (d Direction) String() string {
	if d == Backward {
		return "backward"
	}
	return "forward"
}

// TCPFlags is the flags byte of a TCP header (RFC 9293, 3.1).
type TCPFlags uint8

// The bits of TCPFlags.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

var flagNames = [8]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

// String joins the set bits' names, lowest first, by "/": "FIN/ACK"; "OTHERS" for none.
func (f TCPFlags) String() string {
	var s string
	for bit, name := range flagNames {
		if f&(1<<bit) == 0 {
			continue
		}
		if s != "" {
			s += "/"
		}
		s += name
	}
	if s == "" {
		return "OTHERS"
	}
	return s
}
