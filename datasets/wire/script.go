package wire

import (
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// segment is one packet of a flow as it will be sent.
type segment struct {
	time    int64 // nanoseconds since 1970-01-01 UTC
	payload int32 // bytes
	header  int32 // as generated: link, network and transport; 0: not given
	ack     uint32
	echo    int32 // index of the segment whose time the TCP timestamp echoes, -1: none
	flags   flow.TCPFlags
	dir     flow.Direction
	options uint8 // TCP option bytes
	again   bool  // a retransmission of the segment before it on its side
	update  bool  // a window update: acknowledges nothing new
}

// consumes is how many sequence numbers the segment takes.
func (s *segment) consumes() int64 {
	n := int64(s.payload)
	if s.flags&(flow.SYN|flow.FIN) != 0 {
		n++
	}
	return n
}

// bare is a segment that does nothing but acknowledge.
func (s *segment) bare() bool {
	return s.payload == 0 && s.flags&(flow.SYN|flow.FIN|flow.RST) == 0
}

// script is one flow made legal: the packets that will be sent, and what its
// two ends agreed on.
type script struct {
	segments   []segment
	opened     bool           // begins with a SYN
	answered   bool           // a SYN/ACK follows it
	opener     flow.Direction // who sent the SYN
	timestamps bool           // both ends use RFC 7323 timestamps
	scaled     bool           // both ends use window scale
	inFlight   [2]int64       // most bytes sent and not yet acknowledged, by sender
	longer     int32          // bytes that the IP header has more than the flow's
	maxPayload [2]int32       // largest payload, by sender

	counts *counts
	units  *[2]units // scratch
}

// units are one side's segments that take sequence numbers.
type units struct {
	ends []int64 // sequence offset behind each, from the initial sequence number
	at   []int32 // its index in the script
}

// limits are what the network gives a flow.
type limits struct {
	mtu      int32
	ipHeader int32 // 20 or 40
	shortest int32 // payload bytes of a datagram
	complete bool  // insert missing handshakes and closings
}

// load copies the flow's packets, times in order, header lengths changed by what
// the IP header is longer than that of the flow.
func (s *script) load(f *flow.Flow, longer int32) {
	s.segments = s.segments[:0]
	if s.units == nil {
		s.units = new([2]units)
	}
	s.opened, s.answered, s.opener = false, false, flow.Forward
	s.timestamps, s.scaled = false, false
	s.inFlight, s.maxPayload, s.longer = [2]int64{}, [2]int32{}, longer
	last := f.Packets[0].Time
	for i := range f.Packets {
		p := &f.Packets[i]
		at := p.Time
		if at < last {
			at = last
			s.counts.add(timeMoved)
		}
		last = at
		header := p.HeaderLength
		if header != 0 {
			header = max(0, header+longer)
		}
		s.segments = append(s.segments, segment{
			time: at, payload: max(0, p.PayloadLength), header: header,
			flags: p.Flags, dir: p.Direction & 1, echo: -1,
		})
	}
}

// tcp makes the loaded packets a TCP connection, in the order of its life.
func (s *script) tcp(l limits) {
	s.clearConflicts()
	s.open(l.complete)
	s.placeResets()
	s.addAcks()
	s.placeFins()
	if l.complete {
		s.closeConnection()
	}
	s.agreeOptions(l)
	s.split(l)
	s.relieve()
	s.acknowledge()
}

// clearConflicts leaves each packet at most one of RST, SYN and FIN, in this order.
func (s *script) clearConflicts() {
	for i := range s.segments {
		g := &s.segments[i]
		wrong := flow.TCPFlags(0)
		if g.flags&flow.RST != 0 {
			wrong = g.flags & (flow.SYN | flow.FIN | flow.PSH | flow.URG)
		} else if g.flags&flow.SYN != 0 {
			wrong = g.flags & (flow.FIN | flow.PSH | flow.URG)
		}
		if wrong != 0 {
			g.flags &^= wrong
			s.counts.add(flagsInConflict)
		}
		if g.flags&flow.RST != 0 && g.payload > 0 {
			g.payload = 0
			s.counts.add(resetPayload)
		}
	}
}

// placeResets keeps a RST only where its side sends nothing else afterwards: the
// other side may not have heard of it yet.
func (s *script) placeResets() {
	var speaks [2]bool
	for i := len(s.segments) - 1; i >= 0; i-- {
		g := &s.segments[i]
		switch {
		case g.flags&flow.RST == 0:
			speaks[g.dir] = true
		case speaks[g.dir]:
			g.flags = g.flags&^flow.RST | flow.ACK
			s.counts.add(resetTooEarly)
		}
	}
}

// addAcks sets the ACK flag on everything behind the first SYN; a RST may go without.
func (s *script) addAcks() {
	answers := false // the peer of the opener has spoken
	for i := range s.segments {
		g := &s.segments[i]
		if s.opened && i == 0 || g.flags&flow.ACK != 0 {
			continue
		}
		refusal := g.flags&flow.RST != 0 && s.opened && g.dir != s.opener && !answers
		answers = answers || g.dir != s.opener
		if g.flags&flow.RST != 0 && !refusal {
			continue
		}
		g.flags |= flow.ACK
		s.counts.add(ackAdded)
	}
}

// placeFins keeps one FIN of each side, the first one behind which the side
// sends no more data.
func (s *script) placeFins() {
	var data [2]int // index of the side's last payload
	for i := range s.segments {
		if s.segments[i].payload > 0 {
			data[s.segments[i].dir] = i
		}
	}
	var closed [2]bool
	for i := range s.segments {
		g := &s.segments[i]
		if g.flags&flow.FIN == 0 {
			continue
		}
		switch {
		case i < data[g.dir]:
			g.flags &^= flow.FIN
			s.counts.add(finTooEarly)
		case closed[g.dir]:
			g.flags &^= flow.FIN
			s.counts.add(finRepeated)
		}
		closed[g.dir] = closed[g.dir] || g.flags&flow.FIN != 0
	}
}

// closeConnection adds the FINs that are missing, and the ACK of the last one.
func (s *script) closeConnection() {
	if !s.opened || !s.answered {
		return
	}
	var fins [2]int
	for i := range s.segments {
		g := &s.segments[i]
		if g.flags&flow.RST != 0 {
			return
		}
		if g.flags&flow.FIN != 0 {
			fins[g.dir] = i
		}
	}
	gap := s.roundTrip()
	for _, dir := range []flow.Direction{s.opener, 1 - s.opener} {
		if fins[dir] == 0 {
			fins[dir] = len(s.segments)
			s.append(dir, flow.FIN|flow.ACK, gap)
			s.counts.add(closingInserted)
		}
	}
	final := flow.Backward // who must acknowledge the last FIN
	if fins[flow.Backward] > fins[flow.Forward] {
		final = flow.Forward
	}
	for i := max(fins[0], fins[1]) + 1; i < len(s.segments); i++ {
		if s.segments[i].dir == final {
			return
		}
	}
	s.append(final, flow.ACK, gap)
	s.counts.add(closingInserted)
}

func (s *script) append(dir flow.Direction, flags flow.TCPFlags, gap int64) {
	at := s.segments[len(s.segments)-1].time + gap
	s.segments = append(s.segments, segment{time: at, flags: flags, dir: dir, echo: -1})
}

// roundTrip is the time from SYN to SYN/ACK, or a millisecond where there is none.
func (s *script) roundTrip() int64 {
	const fallback = int64(1e6)
	if len(s.segments) < 2 || !s.opened {
		return fallback
	}
	if gap := s.segments[1].time - s.segments[0].time; s.segments[1].flags&flow.SYN != 0 && gap > 0 {
		return gap
	}
	return fallback
}

// compact removes the segments that drop says.
func (s *script) compact(drop func(i int, g *segment) bool) {
	kept := s.segments[:0]
	for i := range s.segments {
		if g := s.segments[i]; !drop(i, &g) {
			kept = append(kept, g)
		}
	}
	s.segments = kept
}

func (s *script) insert(at int, g segment) { s.segments = slices.Insert(s.segments, at, g) }
