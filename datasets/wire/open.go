package wire

import "github.com/necstgen/necstgen/datasets/flow"

// open makes the beginning a three-way handshake, where the flow has the
// beginning of one, or complete asks for it.
func (s *script) open(complete bool) {
	s.dropPrelude()
	first := &s.segments[0]
	if first.flags&flow.SYN == 0 {
		s.clearSYNs(0)
		if !complete || s.onlyResets() {
			return
		}
		s.insertHandshake()
	} else if first.flags&flow.ACK != 0 {
		s.mendFirstSYN()
	}
	s.opened, s.opener = true, s.segments[0].dir
	s.dropSYNPayload(0)
	s.dropRepeats()
	s.answer()
	if !s.answered {
		return
	}
	s.clearSYNs(2)
	if complete {
		s.completeHandshake()
	}
}

// dropPrelude removes packets without payload that come before the first SYN.
func (s *script) dropPrelude() {
	for i := range s.segments {
		g := &s.segments[i]
		if g.flags&flow.SYN != 0 && g.flags&flow.ACK == 0 {
			for range i {
				s.counts.add(beforeSYN)
			}
			s.segments = append(s.segments[:0], s.segments[i:]...)
			return
		}
		if g.payload > 0 || g.flags&(flow.SYN|flow.RST) != 0 {
			return
		}
	}
}

// mendFirstSYN turns a leading SYN/ACK into a SYN where the client sent it, and
// puts a SYN before it where the server did.
func (s *script) mendFirstSYN() {
	first := &s.segments[0]
	if first.dir == flow.Forward {
		first.flags &^= flow.ACK
		s.counts.add(flagsInConflict)
		return
	}
	s.insert(0, segment{time: first.time, header: first.header, flags: flow.SYN, dir: flow.Forward, echo: -1})
	s.counts.add(synInserted)
}

func (s *script) onlyResets() bool {
	for i := range s.segments {
		if s.segments[i].flags&flow.RST == 0 {
			return false
		}
	}
	return true
}

// insertHandshake puts SYN, SYN/ACK and ACK before a flow that has none, and
// moves the flow by a millisecond to make room.
func (s *script) insertHandshake() {
	begin := s.segments[0].time
	for i := range s.segments {
		s.segments[i].time += handshakeTime
	}
	s.segments = append(s.segments, segment{}, segment{}, segment{})
	copy(s.segments[3:], s.segments)
	s.segments[0] = segment{time: begin, flags: flow.SYN, dir: flow.Forward, echo: -1}
	s.segments[1] = segment{time: begin + handshakeTime*9/10, flags: flow.SYN | flow.ACK, dir: flow.Backward, echo: -1}
	s.segments[2] = segment{time: begin + handshakeTime, flags: flow.ACK, dir: flow.Forward, echo: -1}
	s.counts.add(handshakeInserted)
}

// handshakeTime is how long an inserted handshake takes, in nanoseconds.
const handshakeTime = int64(1e6)

// dropRepeats removes SYNs that are repeated before anything else is said:
// retransmissions, which are not reproduced.
func (s *script) dropRepeats() {
	opening, answered := true, false
	s.compact(func(i int, g *segment) bool {
		if i == 0 || !opening {
			return false
		}
		if g.flags&flow.SYN == 0 {
			opening = g.flags&flow.RST != 0
			return false
		}
		if g.dir != s.opener && !answered {
			answered = true
			return false
		}
		s.counts.add(synRepeated)
		return true
	})
}

// answer makes the second segment a SYN/ACK: the one that is there, the first
// answer if it is empty, or a new one. A connection that was refused, or never
// answered, stays so.
func (s *script) answer() {
	established := false // somebody says more than SYN and RST
	for i := 1; i < len(s.segments); i++ {
		established = established || s.segments[i].flags&flow.RST == 0
	}
	if !established {
		return
	}
	s.answered = true
	if g := &s.segments[1]; g.dir != s.opener {
		switch {
		case g.flags&flow.SYN != 0:
			g.flags |= flow.ACK
			s.dropSYNPayload(1)
			return
		case g.payload == 0 && g.flags&(flow.FIN|flow.RST) == 0:
			g.flags, g.header = flow.SYN|flow.ACK, s.segments[0].header
			s.counts.add(synAckMade)
			return
		}
	}
	s.insert(1, segment{
		time:   s.segments[0].time + (s.segments[1].time-s.segments[0].time)/2,
		header: s.segments[0].header, flags: flow.SYN | flow.ACK, dir: 1 - s.opener, echo: -1,
	})
	s.counts.add(synAckInserted)
}

// completeHandshake inserts the opener's ACK unless it is the next to speak.
func (s *script) completeHandshake() {
	if len(s.segments) > 2 && s.segments[2].dir == s.opener {
		return
	}
	at := s.segments[1].time
	if len(s.segments) > 2 {
		at += min(s.segments[2].time-at, s.roundTrip()) / 2
	} else {
		at += s.roundTrip() / 2
	}
	s.insert(2, segment{time: at, flags: flow.ACK, dir: s.opener, echo: -1})
	s.counts.add(ackInserted)
}

// clearSYNs makes ordinary segments of SYNs from index from on.
func (s *script) clearSYNs(from int) {
	for i := from; i < len(s.segments); i++ {
		g := &s.segments[i]
		if g.flags&flow.SYN != 0 {
			g.flags = g.flags&^flow.SYN | flow.ACK
			g.header = 0
			s.counts.add(synMidway)
		}
	}
}

func (s *script) dropSYNPayload(i int) {
	if s.segments[i].payload > 0 {
		s.segments[i].payload = 0
		s.counts.add(synPayload)
	}
}
