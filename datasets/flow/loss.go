package flow

import (
	"slices"
	"time"
)

// Loss is what a TCP packet shows of segments that were lost or overtaken on their way.
type Loss uint8

// The kinds of Loss. A segment that is sent again is another kind by what the capture has
// seen before.
const (
	NoLoss       Loss = iota
	SentAgain         // data or a FIN a second time, which nobody has acknowledged: lost behind the point of capture
	SentInVain        // data or a FIN a second time, all of it acknowledged: a spurious retransmission
	SentLate          // data seen for the first time, behind later data: lost or overtaken before the point of capture
	SYNAgain          // a SYN, or a SYN with ACK, a second time
	DuplicateACK      // an empty ACK that repeats the one before it: its side has got data that it cannot use yet, or twice
)

// Observation is what one packet of a flow shows.
type Observation struct {
	Loss Loss
	Wait time.Duration // since the segment was sent, of SentLate since the gap showed
	At   int           // SentLate: index of the first packet behind the gap
}

// Losses returns what each packet of the flow shows, by sequence numbers as the capture
// has them. It is nil where nothing does: for flows without loss, flows that are not TCP,
// and flows without sequence numbers, as tables often have them.
func (f *Flow) Losses() []Observation {
	if !f.numbered() {
		return nil
	}
	var sides [2]sequence
	var out []Observation
	for i := range f.Packets {
		p := &f.Packets[i]
		from, to := &sides[p.Direction&1], &sides[1-p.Direction&1]
		o := from.observe(p, i, to)
		if o.Loss != NoLoss && out == nil {
			out = make([]Observation, len(f.Packets))
		}
		if out != nil {
			out[i] = o
		}
	}
	return out
}

// numbered reports whether any packet has a sequence number. A packet has some 300 bytes, too
// many to hand each on by value.
func (f *Flow) numbered() bool {
	for i := range f.Packets {
		if p := &f.Packets[i]; p.Seq != 0 && p.Tuple.Proto == TCP {
			return true
		}
	}
	return false
}

// sequence is what has been seen of one side's sequence numbers.
type sequence struct {
	begun, opened bool
	first, next   uint32 // the SYN's number, and the one behind the highest seen
	sent          []sentSegment
	holes         []hole

	heard  bool   // the side has acknowledged something
	ack    uint32 // the last acknowledgement that it has sent
	window uint16 // and its window
	header int32  // and its header bytes
	again  bool   // the side has sent data again, and the peer has not acknowledged since
}

// sentSegment is a segment as it was first seen.
type sentSegment struct {
	seq  uint32
	time int64
}

// hole is a range of numbers that was left out.
type hole struct {
	from, to uint32
	time     int64
	at       int // index of the packet behind it
}

// mostHoles is how many holes of a side are remembered: the oldest of more are data that
// the capture has missed.
const mostHoles = 64

// observe takes in a packet of the side.
func (s *sequence) observe(p *Packet, index int, peer *sequence) Observation {
	if p.Tuple.Proto != TCP || p.Flags&RST != 0 {
		return Observation{}
	}
	var o Observation
	switch length := segmentLength(p); {
	case p.Flags&SYN != 0:
		o = s.syn(p)
	case length == 0:
		if s.repeats(p, peer) {
			o.Loss = DuplicateACK
		}
	default:
		o = s.data(p, length, index, peer)
		s.again = o.Loss == SentAgain || o.Loss == SentInVain
	}
	if p.Flags&ACK != 0 {
		if !s.heard || int32(p.Ack-s.ack) > 0 {
			s.heard, s.ack = true, p.Ack
		}
		if o.Loss != DuplicateACK {
			s.header = p.HeaderLength
		}
		s.window, peer.again = p.Window, false
	}
	return o
}

// syn takes in a SYN. One with another number begins the side anew.
func (s *sequence) syn(p *Packet) Observation {
	if s.opened && s.first == p.Seq {
		return Observation{Loss: SYNAgain, Wait: time.Duration(p.Time - s.sent[0].time)}
	}
	s.begun, s.opened, s.first, s.next = true, true, p.Seq, p.Seq+1
	s.sent = append(s.sent[:0], sentSegment{p.Seq, p.Time})
	s.holes = s.holes[:0]
	return Observation{}
}

// leastSACK is how many bytes a selective acknowledgement of one block adds to a header
// at least (RFC 2018, 3).
const leastSACK = 10

// repeats reports whether an empty ACK acknowledges what the one before it did, while data
// are on their way to its side (RFC 5681, 2) or have come a second time (RFC 2883). Its
// window is the same, or it selects what it acknowledges, which shows in its length.
func (s *sequence) repeats(p *Packet, peer *sequence) bool {
	return s.heard && p.Flags&ACK != 0 && p.Ack == s.ack && p.Seq == s.next &&
		(p.Window == s.window || p.HeaderLength >= s.header+leastSACK) &&
		peer.begun && (peer.again || int32(peer.next-p.Ack) > 0)
}

// data takes in a segment of so many sequence numbers.
func (s *sequence) data(p *Packet, length uint32, index int, peer *sequence) Observation {
	if !s.begun {
		s.begun, s.next = true, p.Seq
	}
	end := p.Seq + length
	switch ahead := int32(p.Seq - s.next); {
	case ahead > 0:
		s.holes = append(s.holes, hole{s.next, p.Seq, p.Time, index})
		s.holes = s.holes[max(0, len(s.holes)-mostHoles):]
		fallthrough
	case ahead == 0:
		s.next = end
		s.sent = append(s.sent, sentSegment{p.Seq, p.Time})
		return Observation{}
	}
	if h, ok := s.fill(p.Seq, end); ok {
		s.sent = append(s.sent, sentSegment{p.Seq, p.Time})
		return Observation{Loss: SentLate, Wait: time.Duration(p.Time - h.time), At: h.at}
	}
	if int32(end-s.next) > 0 { // old and new data in one segment
		s.next = end
		return Observation{}
	}
	o := Observation{Loss: SentAgain}
	for i := len(s.sent) - 1; i >= 0; i-- {
		if int32(s.sent[i].seq-p.Seq) <= 0 {
			o.Wait = time.Duration(p.Time - s.sent[i].time)
			break
		}
	}
	if p.PayloadLength <= 1 && p.Flags&FIN == 0 && end == s.next { // a keep-alive probe
		return Observation{}
	}
	if peer.heard && int32(peer.ack-end) >= 0 {
		o.Loss = SentInVain
	}
	return o
}

// fill takes a range out of the holes, and reports whether it was in one.
func (s *sequence) fill(from, to uint32) (hole, bool) {
	for i, h := range s.holes {
		if int32(from-h.from) < 0 || int32(to-h.to) > 0 {
			continue
		}
		var rest []hole
		if from != h.from {
			rest = append(rest, hole{h.from, from, h.time, h.at})
		}
		if to != h.to {
			rest = append(rest, hole{to, h.to, h.time, h.at})
		}
		s.holes = slices.Replace(s.holes, i, i+1, rest...)
		return h, true
	}
	return hole{}, false
}

// WithoutLosses returns the flow as its two ends mean it: without what was sent again and
// without the ACKs that ask for it, and with data that came late at their place in the
// order. It is the flow itself where nothing was lost. Times stay as they are.
func (f *Flow) WithoutLosses() *Flow {
	observed := f.Losses()
	if observed == nil {
		return f
	}
	late := make(map[int][]Packet) // by the index of the packet that they belong before
	for i, o := range observed {
		if o.Loss == SentLate {
			p := f.Packets[i]
			p.Time = f.Packets[o.At].Time
			late[o.At] = append(late[o.At], p)
		}
	}
	clean := *f
	clean.Packets = make([]Packet, 0, len(f.Packets))
	for i, o := range observed {
		behind := late[i]
		slices.SortStableFunc(behind, func(a, b Packet) int { return int(int32(a.Seq - b.Seq)) })
		clean.Packets = append(clean.Packets, behind...)
		if o.Loss == NoLoss {
			clean.Packets = append(clean.Packets, f.Packets[i])
		}
	}
	return &clean
}
