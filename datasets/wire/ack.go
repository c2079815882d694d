package wire

import (
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// acknowledge decides what each segment acknowledges: as much as its side has
// received by then, but leaving one segment for every empty ACK that follows, so
// that an ACK in the capture has something new to say (a delayed ACK). Where
// nothing is left it becomes a window update: repeated without change, it would
// say that a segment was lost.
func (s *script) acknowledge() {
	s.gatherUnits()
	leave := [2]uint32{math.MaxUint32, math.MaxUint32}
	for i := len(s.segments) - 1; i >= 0; i-- {
		g := &s.segments[i]
		if g.flags&flow.ACK == 0 {
			continue
		}
		g.ack = min(g.ack, leave[g.dir])
		leave[g.dir] = g.ack
		if g.bare() && g.ack > 0 {
			leave[g.dir]--
		}
	}
	s.settleAcks()
	s.growForScale()
}

// gatherUnits lists each side's segments that take sequence numbers, and notes
// in ack how many of the peer's came before each segment.
func (s *script) gatherUnits() {
	for dir := range s.units {
		s.units[dir].ends = s.units[dir].ends[:0]
		s.units[dir].at = s.units[dir].at[:0]
	}
	var sent [2]int64
	for i := range s.segments {
		g := &s.segments[i]
		g.ack = uint32(len(s.units[1-g.dir].ends))
		if n := g.consumes(); n > 0 {
			sent[g.dir] += n
			s.units[g.dir].ends = append(s.units[g.dir].ends, sent[g.dir])
			s.units[g.dir].at = append(s.units[g.dir].at, int32(i))
		}
	}
}

// settleAcks turns counts of the peer's segments into sequence offsets, never
// backward, finds which segment each timestamp echoes (RFC 7323, 4.3: the
// earliest one newly acknowledged), and measures the data in flight.
func (s *script) settleAcks() {
	var counted [2]uint32
	var sent, acked [2]int64
	spoken := [2]bool{}
	echo := [2]int32{-1, -1}
	for i := range s.segments {
		g := &s.segments[i]
		sent[g.dir] += g.consumes()
		s.inFlight[g.dir] = max(s.inFlight[g.dir], sent[g.dir]-acked[g.dir])
		if g.flags&flow.ACK == 0 {
			g.ack = 0
			continue
		}
		peer := &s.units[1-g.dir]
		have := counted[g.dir]
		if s.opened && len(peer.ends) > 0 {
			have = max(have, 1) // the peer's SYN
		}
		units := max(g.ack, have)
		if units > counted[g.dir] {
			echo[g.dir] = peer.at[counted[g.dir]]
		} else if g.bare() && spoken[g.dir] {
			g.update = true
			s.counts.add(ackRepeated)
		}
		g.echo = echo[g.dir]
		counted[g.dir] = units
		spoken[g.dir] = true
		offset := int64(0)
		if units > 0 {
			offset = peer.ends[units-1]
		}
		acked[1-g.dir] = offset
		g.ack = uint32(offset)
	}
}
