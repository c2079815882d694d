package control

import (
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Ends are the hosts of a conversation, by direction. Third is the address of another host of
// the plan: what an error says could not be reached, and a redirection's router.
type Ends struct {
	Hosts [2]*address.HostState
	Third netip.Addr
}

// Repair says what of a generated flow could not be sent as it was.
type Repair uint8

// The repairs.
const (
	AnswerAsked   Repair = iota // an answer that nothing has asked for is a question
	LengthChanged               // a message has the length that its kind needs
	OtherProtocol               // a protocol of which nothing is known is one for experiments (RFC 3692)
	MessageMade                 // a later fragment, which is no message of its own, is one
)

// message is one packet of a conversation as it will be sent.
type message struct {
	kind    flow.MessageKind
	dir     flow.Direction
	payload int    // bytes, as flow.Packet counts them
	of      int    // index of the question that it answers, -1: it answers none
	number  uint32 // of questions, or of what a side sends, from 1
	at      int64  // time of the packet, nanoseconds
}

// Conversation is a flow without ports that is being sent. The zero value is ready to start.
type Conversation struct {
	ends     Ends
	proto    uint8
	six      bool
	messages []message
	id       uint16 // of echoes
	group    int    // which group the hosts are members of
	random   *rand.Rand
}

// Start begins with another flow, whose packets have a Direction, a protocol and, of ARP, ICMP,
// ICMPv6 and IGMP, the kind of their message. The hosts are of one IP version, that of the
// protocol where it has one. No IP packet is longer than mtu bytes. Each change is told to
// repaired.
func (c *Conversation) Start(f *flow.Flow, ends Ends, mtu int, random *rand.Rand, repaired func(Repair)) {
	*c = Conversation{ends: ends, proto: Protocol(f), six: ends.Hosts[0].Address.Is6(), messages: c.messages[:0], random: random}
	c.id, c.group = uint16(random.Uint32()), random.IntN(len(groups4))
	if _, known := protocols[c.proto]; !known || c.six && c.proto == vrrp {
		repaired(OtherProtocol)
		c.proto = experimental
	}
	number, sent := uint32(0), [2]uint32{}
	var open []int // questions without an answer
	for i := range f.Packets {
		p := &f.Packets[i]
		m := message{dir: p.Direction & 1, payload: int(p.PayloadLength), of: -1, at: p.Time}
		sent[m.dir]++
		m.number = sent[m.dir]
		switch {
		case p.Message != nil:
			m.kind = p.Message.Kind
		case c.spoken():
			repaired(MessageMade)
			m.kind = usual[c.proto]
		}
		c.toOneself(&m)
		if asked, answers := questions[kindOf{c.proto, m.kind}]; answers {
			if m.of = c.answered(&open, asked, m.dir); m.of < 0 {
				m.kind = asked
				repaired(AnswerAsked)
			}
		}
		if isQuestion[kindOf{c.proto, m.kind}] {
			number++
			m.number = number
			open = append(open, len(c.messages))
		}
		if m.of >= 0 && c.echoes(m.kind) {
			m.payload, m.number = c.messages[m.of].payload, c.messages[m.of].number
		}
		if length := c.length(&m, mtu); length != m.payload {
			m.payload = length
			repaired(LengthChanged)
		}
		c.messages = append(c.messages, m)
	}
}

// Protocol returns the IP protocol of a flow without ports, 0 for ARP.
func Protocol(f *flow.Flow) uint8 { return f.Packets[0].Tuple.Proto }

// OverIPv6 reports whether a flow without ports is one of IPv6: as its protocol says, or else the
// length of its headers.
func OverIPv6(f *flow.Flow) bool {
	switch Protocol(f) {
	case 0, flow.ICMP, igmp:
		return false
	case flow.ICMPv6:
		return true
	}
	return f.Packets[0].HeaderLength >= etherHeader+ipv6Header
}

// kindOf is a kind of message of a protocol.
type kindOf struct {
	proto uint8
	kind  flow.MessageKind
}

// questions has, for each answer, what asks for it.
var questions = map[kindOf]flow.MessageKind{
	{0, flow.ARPReply}: flow.ARPRequest,
	{flow.ICMP, 0}:     8 << 8, {flow.ICMP, 14 << 8}: 13 << 8, {flow.ICMP, 18 << 8}: 17 << 8,
	{flow.ICMPv6, 129 << 8}: 128 << 8, {flow.ICMPv6, flow.NeighborAdvertisement}: flow.NeighborSolicitation,
}

// isQuestion has the kinds that are asked.
var isQuestion = map[kindOf]bool{{0, flow.ARPRefresh}: true}

func init() {
	for answer, asked := range questions {
		isQuestion[kindOf{answer.proto, asked}] = true
	}
}

// answered returns the last question of a kind that the other side has asked and that has no
// answer yet, and takes it off open; -1 for none.
func (c *Conversation) answered(open *[]int, asked flow.MessageKind, dir flow.Direction) int {
	list := *open
	for i := len(list) - 1; i >= 0; i-- {
		q := &c.messages[list[i]]
		if q.dir != dir && (q.kind == asked || asked == flow.ARPRequest && q.kind == flow.ARPRefresh) {
			at := list[i]
			*open = append(list[:i], list[i+1:]...)
			return at
		}
	}
	return -1
}

// spoken reports whether all packets of the protocol are messages that have a kind.
func (c *Conversation) spoken() bool {
	return c.proto == 0 || c.proto == flow.ICMP || c.proto == flow.ICMPv6 || c.proto == igmp
}

// usual has, for each protocol, the kind that stands for a packet that has none.
var usual = map[uint8]flow.MessageKind{0: flow.ARPRequest, flow.ICMP: 8 << 8, flow.ICMPv6: 128 << 8, igmp: 0x16 << 8}

// ofOneself has, for what is asked and answered between two hosts, what a host says of its own
// address.
var ofOneself = map[kindOf]flow.MessageKind{
	{0, flow.ARPRequest}: flow.ARPAnnouncement, {0, flow.ARPRefresh}: flow.ARPAnnouncement, {0, flow.ARPReply}: flow.ARPGratuitous,
	{flow.ICMPv6, flow.NeighborSolicitation}: flow.NeighborProbe, {flow.ICMPv6, flow.NeighborAdvertisement}: flow.NeighborAnnouncement,
}

// toOneself makes a question for another's address one for the host's own where the
// conversation has one host.
func (c *Conversation) toOneself(m *message) {
	if c.ends.Hosts[0] != c.ends.Hosts[1] {
		return
	}
	if kind, ok := ofOneself[kindOf{c.proto, m.kind}]; ok {
		m.kind = kind
	}
}

// echoes reports whether an answer has the length and the number of its question.
func (c *Conversation) echoes(kind flow.MessageKind) bool {
	return c.proto == flow.ICMP || c.proto == flow.ICMPv6 && kind.Type() == echoReply6
}
