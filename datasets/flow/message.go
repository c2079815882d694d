package flow

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Message is what a message of ARP, ICMP, ICMPv6 or IGMP says: what it asks or answers, and
// the hosts that it names beside those of the IP header. Messages of other protocols without
// ports have none.
type Message struct {
	Kind MessageKind

	// Sender and Target are the protocol addresses of an ARP message for IPv4. Of neighbour
	// discovery (RFC 4861, 4.3 and 4.4) Target alone is set: the address that is asked for.
	Sender, Target netip.Addr
}

// MessageKind is type and code of an ICMP, ICMPv6 or IGMP message, the type in the upper
// byte, as NetFlow has it; of ARP it is the operation. Where the protocol has one number for
// messages that are sent for other reasons or to other destinations, the byte that it leaves
// at 0 tells them apart.
type MessageKind uint16

// The kinds of ARP (RFC 826, RFC 5227) and of neighbour discovery (RFC 4861) that differ in
// more than their number.
const (
	ARPRequest      MessageKind = 1        // to all: who has the target's address?
	ARPReply        MessageKind = 2        // to who asked
	ARPAnnouncement MessageKind = 1<<8 | 1 // a request to all for the sender's own address
	ARPGratuitous   MessageKind = 1<<8 | 2 // a reply to all with the sender's own address twice
	ARPProbe        MessageKind = 2<<8 | 1 // a request of a sender that has no address yet
	ARPRefresh      MessageKind = 3<<8 | 1 // a request to the one host that last had the address

	NeighborSolicitation  MessageKind = 135 << 8
	NeighborProbe         MessageKind = 135<<8 | 1 // a solicitation of a sender that has no address yet
	NeighborAdvertisement MessageKind = 136 << 8
	NeighborAnnouncement  MessageKind = 136<<8 | 1 // an advertisement to all
)

// Type returns the protocol's own number: the type of an ICMP, ICMPv6 or IGMP message.
func (k MessageKind) Type() uint8 { return uint8(k >> 8) }

// ARPMessage returns the message of an ARP packet for IPv4 over Ethernet.
func ARPMessage(operation uint16, sender, target netip.Addr, toAll bool) *Message {
	m := &Message{Kind: MessageKind(operation), Sender: sender, Target: target}
	switch {
	case m.Kind == ARPRequest && sender.IsUnspecified():
		m.Kind = ARPProbe
	case m.Kind == ARPRequest && sender == target:
		m.Kind = ARPAnnouncement
	case m.Kind == ARPRequest && !toAll:
		m.Kind = ARPRefresh
	case m.Kind == ARPReply && sender == target:
		m.Kind = ARPGratuitous
	}
	return m
}

// Ends returns the hosts that the packet is between. They are those of the IP header but of ARP,
// which has none, and of neighbour discovery, whose question goes to a group: there they are
// who asks and who is asked for. A host that asks for its own address stands at both ends.
func (p *Packet) Ends() FiveTuple {
	t, m := p.Tuple, p.Message
	if m == nil || !m.Target.IsValid() {
		return t
	}
	src, dst := m.Sender, m.Target
	if !src.IsValid() { // of neighbour discovery
		src, dst = t.Src.Addr(), m.Target
		if m.Kind.Type() == NeighborAdvertisement.Type() {
			src, dst = m.Target, t.Dst.Addr()
		}
	}
	if src.IsUnspecified() {
		src = m.Target
	}
	if dst.IsMulticast() || dst.IsUnspecified() {
		dst = m.Target
	}
	return FiveTuple{Proto: t.Proto, Src: netip.AddrPortFrom(src, 0), Dst: netip.AddrPortFrom(dst, 0)}
}

// OnLink reports whether the packet is a message that no router passes on, whose time to live
// says nothing of its sender: of neighbour discovery, of membership in groups, and of ARP.
func (p *Packet) OnLink() bool {
	if p.Message == nil || p.Tuple.Proto == ICMP {
		return false
	}
	return p.Tuple.Proto != ICMPv6 || p.Message.Kind.Type() >= 130
}

// String returns the message as tables have it: "8/0", or "135/0 > 2001:db8::1" with a target,
// or "0/1 192.0.2.1 > 192.0.2.2" of ARP; "" for nil.
func (m *Message) String() string {
	if m == nil {
		return ""
	}
	text := strconv.Itoa(int(m.Kind>>8)) + "/" + strconv.Itoa(int(m.Kind&0xff))
	if m.Sender.IsValid() {
		text += " " + m.Sender.String()
	}
	if m.Target.IsValid() {
		text += " > " + m.Target.String()
	}
	return text
}

// ParseMessage reads what String has written; nil for "".
func ParseMessage(text string) (*Message, error) {
	if text == "" {
		return nil, nil
	}
	left, target, hasTarget := strings.Cut(text, " > ")
	kind, sender, hasSender := strings.Cut(left, " ")
	upper, lower, ok := strings.Cut(kind, "/")
	high, err := strconv.ParseUint(upper, 10, 8)
	low, err2 := strconv.ParseUint(lower, 10, 8)
	if !ok || err != nil || err2 != nil {
		return nil, fmt.Errorf("flow: message %q: want type and code, like 8/0", text)
	}
	m := &Message{Kind: MessageKind(high<<8 | low)}
	if hasSender {
		if m.Sender, err = netip.ParseAddr(sender); err != nil {
			return nil, fmt.Errorf("flow: message %q: sender: %w", text, err)
		}
	}
	if hasTarget {
		if m.Target, err = netip.ParseAddr(target); err != nil {
			return nil, fmt.Errorf("flow: message %q: target: %w", text, err)
		}
	}
	return m, nil
}
