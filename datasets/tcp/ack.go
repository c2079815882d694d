package tcp

import (
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// acknowledge decides what each segment acknowledges: as much as its side has
// received by then, but leaving one segment for every empty ACK that follows, so
// that an ACK in the capture has something new to say (a delayed ACK). Where
// nothing is left it becomes a window update: repeated without change, it would
// say that a segment was lost.
func (c *connection) acknowledge() {
	c.gatherUnits()
	leave := [2]uint32{math.MaxUint32, math.MaxUint32}
	for i := len(c.segments) - 1; i >= 0; i-- {
		g := &c.segments[i]
		if g.flags&flow.ACK == 0 {
			continue
		}
		g.ack = min(g.ack, leave[g.dir])
		leave[g.dir] = g.ack
		if g.bare() && g.ack > 0 {
			leave[g.dir]--
		}
	}
	c.settleAcks()
	c.growForScale()
}

// longRun is how many segments a side sends without hearing anything before an
// ACK of the other side is put in. Real receivers acknowledge every second
// segment (RFC 5681, 4.2), so only flows that were cut up or badly generated have
// such runs; tshark 4.0 follows 10,000 unacknowledged segments and miscounts
// behind them.
const longRun = 4096

// relieve puts ACKs into long one-way runs of an open connection.
func (c *connection) relieve() {
	if !c.hasLongRun() {
		return
	}
	var out []segment
	run := 0
	for i, g := range c.segments {
		if i > 0 && g.dir != out[len(out)-1].dir {
			run = 0
		}
		out = append(out, g)
		if g.payload == 0 || g.flags&(flow.SYN|flow.FIN) != 0 {
			continue
		}
		if run++; run == longRun {
			options := uint8(0)
			if c.timestamps {
				options = timestampOptions
			}
			out = append(out, segment{time: g.time, flags: flow.ACK, dir: 1 - g.dir, options: options, echo: -1})
			c.counts.add(runRelieved)
			run = 0
		}
	}
	c.segments = append(c.segments[:0], out...)
}

func (c *connection) hasLongRun() bool {
	run := 0
	for i := range c.segments {
		g := &c.segments[i]
		if i > 0 && g.dir != c.segments[i-1].dir || g.flags&flow.RST != 0 {
			run = 0
		}
		if run++; run > longRun {
			return true
		}
	}
	return false
}

// gatherUnits lists each side's segments that take sequence numbers, and notes
// in ack how many of the peer's came before each segment.
func (c *connection) gatherUnits() {
	for dir := range c.units {
		c.units[dir].ends = c.units[dir].ends[:0]
		c.units[dir].at = c.units[dir].at[:0]
	}
	var sent [2]int64
	for i := range c.segments {
		g := &c.segments[i]
		g.ack = uint32(len(c.units[1-g.dir].ends))
		if n := g.consumes(); n > 0 {
			sent[g.dir] += n
			c.units[g.dir].ends = append(c.units[g.dir].ends, sent[g.dir])
			c.units[g.dir].at = append(c.units[g.dir].at, int32(i))
		}
	}
}

// settleAcks turns counts of the peer's segments into sequence offsets, never
// backward, finds which segment each timestamp echoes (RFC 7323, 4.3: the
// earliest one newly acknowledged), and measures the data in flight.
func (c *connection) settleAcks() {
	var counted [2]uint32
	var sent, acked [2]int64
	spoken := [2]bool{}
	echo := [2]int32{-1, -1}
	for i := range c.segments {
		g := &c.segments[i]
		sent[g.dir] += g.consumes()
		c.inFlight[g.dir] = max(c.inFlight[g.dir], sent[g.dir]-acked[g.dir])
		if g.flags&flow.ACK == 0 {
			g.ack = 0
			continue
		}
		peer := &c.units[1-g.dir]
		have := counted[g.dir]
		if c.opened && len(peer.ends) > 0 {
			have = max(have, 1) // the peer's SYN
		}
		units := max(g.ack, have)
		if units > counted[g.dir] {
			echo[g.dir] = peer.at[counted[g.dir]]
		} else if g.bare() && spoken[g.dir] {
			g.update = true
			c.counts.add(ackRepeated)
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
