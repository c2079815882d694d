package address

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// stack is what the packets of a TCP flow show of the stacks that have sent them: with it
// goes a client whose stack is like that.
type stack struct {
	options int16  // bytes of options of the client's SYN; anyOptions: none was seen
	segment uint16 // maximum segment size that the client has announced, as the server's full segments say; 0: there are none
	least   uint16 // and the least that it can have announced
}

// anyOptions stands for options of a SYN that are not known.
const anyOptions = -1

// tcpHeader is the length in bytes of a TCP header without options, stampOptions that of
// timestamps in a segment other than a SYN, mostOptions all that a header has room for.
const (
	tcpHeader    = 20
	stampOptions = 12
	mostOptions  = 40
)

// optionBytes returns the bytes of a packet's TCP options, as far as its header length
// tells.
func optionBytes(p *flow.Packet, ipHeader int32) int32 {
	return p.HeaderLength - etherHeader - ipHeader - tcpHeader
}

// headerOf returns the length of the IP header of a flow's packets without options.
func headerOf(six bool) int32 {
	if six {
		return ipv6Header
	}
	return ipv4Header
}

// hasStamps reports whether most segments of a flow, except SYNs and RSTs, have room for
// timestamps.
func hasStamps(f *flow.Flow, six bool) bool {
	with, ipHeader := 0, headerOf(six)
	for i := range f.Packets {
		p := &f.Packets[i]
		if p.Flags&(flow.SYN|flow.RST) != 0 || p.HeaderLength == 0 {
			continue
		}
		if optionBytes(p, ipHeader) >= stampOptions {
			with++
		} else {
			with--
		}
	}
	return with > 0
}

// stackOf returns what a flow shows of its stacks. Segments are full where the longest
// comes more than once.
func stackOf(f *flow.Flow, six bool) stack {
	s := stack{options: anyOptions}
	if len(f.Packets) == 0 {
		return s
	}
	if first := &f.Packets[0]; first.Flags&(flow.SYN|flow.ACK) == flow.SYN && first.HeaderLength != 0 {
		s.options = int16(max(0, optionBytes(first, headerOf(six))))
	}
	longest, times := int32(0), 0
	for i := range f.Packets {
		switch p := &f.Packets[i]; {
		case p.Direction != flow.Backward:
		case p.PayloadLength > longest:
			longest, times = p.PayloadLength, 1
		case p.PayloadLength == longest:
			times++
		}
	}
	if hasStamps(f, six) {
		longest += stampOptions
	}
	s.least = uint16(min(longest, 1<<16-1))
	if times > 1 && longest >= leastSegment {
		s.segment = s.least
	}
	return s
}

// leastSegment is the maximum segment size in bytes that every host takes (RFC 9293, 3.7.1).
const leastSegment = 536

// fits reports whether a flow of the stack can be a host's as its client.
func (s stack) fits(h *Host) bool {
	switch {
	case s.options != anyOptions && h.SYNOptions != anyOptions && s.options != h.SYNOptions:
		return false
	case h.MSS == 0: // not known
		return true
	case s.segment != 0:
		return h.MSS == s.segment
	}
	return h.MSS >= s.least
}
