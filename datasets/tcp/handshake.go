package tcp

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// open makes the beginning a three-way handshake, where the flow has the
// beginning of one, or complete asks for it.
func (c *connection) open(complete bool) {
	c.dropPrelude()
	first := &c.segments[0]
	if first.flags&flow.SYN == 0 {
		c.clearSYNs(0)
		if !complete || c.onlyResets() {
			return
		}
		c.insertHandshake()
	} else if first.flags&flow.ACK != 0 {
		c.mendFirstSYN()
	}
	c.opened, c.opener = true, c.segments[0].dir
	c.dropSYNPayload(0)
	c.dropRepeats()
	c.answer()
	if !c.answered {
		return
	}
	c.clearSYNs(2)
	if complete {
		c.completeHandshake()
	}
}

// dropPrelude removes packets without payload that come before the first SYN.
func (c *connection) dropPrelude() {
	for i := range c.segments {
		g := &c.segments[i]
		if g.flags&flow.SYN != 0 && g.flags&flow.ACK == 0 {
			for range i {
				c.counts.add(beforeSYN)
			}
			c.segments = append(c.segments[:0], c.segments[i:]...)
			return
		}
		if g.payload > 0 || g.flags&(flow.SYN|flow.RST) != 0 {
			return
		}
	}
}

// mendFirstSYN turns a leading SYN/ACK into a SYN where the client sent it, and
// puts a SYN before it where the server did.
func (c *connection) mendFirstSYN() {
	first := &c.segments[0]
	if first.dir == flow.Forward {
		first.flags &^= flow.ACK
		c.counts.add(flagsInConflict)
		return
	}
	c.insert(0, segment{time: first.time, header: first.header, flags: flow.SYN, dir: flow.Forward, echo: -1})
	c.counts.add(synInserted)
}

func (c *connection) onlyResets() bool {
	for i := range c.segments {
		if c.segments[i].flags&flow.RST == 0 {
			return false
		}
	}
	return true
}

// insertHandshake puts SYN, SYN/ACK and ACK before a flow that has none, and
// moves the flow by a millisecond to make room.
func (c *connection) insertHandshake() {
	begin := c.segments[0].time
	for i := range c.segments {
		c.segments[i].time += handshakeTime
	}
	c.segments = append(c.segments, segment{}, segment{}, segment{})
	copy(c.segments[3:], c.segments)
	c.segments[0] = segment{time: begin, flags: flow.SYN, dir: flow.Forward, echo: -1}
	c.segments[1] = segment{time: begin + handshakeTime*9/10, flags: flow.SYN | flow.ACK, dir: flow.Backward, echo: -1}
	c.segments[2] = segment{time: begin + handshakeTime, flags: flow.ACK, dir: flow.Forward, echo: -1}
	c.counts.add(handshakeInserted)
}

// handshakeTime is how long an inserted handshake takes, in nanoseconds.
const handshakeTime = int64(1e6)

// dropRepeats removes SYNs that are repeated before anything else is said:
// retransmissions, which are not reproduced.
func (c *connection) dropRepeats() {
	opening, answered := true, false
	c.compact(func(i int, g *segment) bool {
		if i == 0 || !opening {
			return false
		}
		if g.flags&flow.SYN == 0 {
			opening = g.flags&flow.RST != 0
			return false
		}
		if g.dir != c.opener && !answered {
			answered = true
			return false
		}
		c.counts.add(synRepeated)
		return true
	})
}

// answer makes the second segment a SYN/ACK: the one that is there, the first
// answer if it is empty, or a new one. A connection that was refused, or never
// answered, stays so.
func (c *connection) answer() {
	established := false // somebody says more than SYN and RST
	for i := 1; i < len(c.segments); i++ {
		established = established || c.segments[i].flags&flow.RST == 0
	}
	if !established {
		return
	}
	c.answered = true
	if g := &c.segments[1]; g.dir != c.opener {
		switch {
		case g.flags&flow.SYN != 0:
			g.flags |= flow.ACK
			c.dropSYNPayload(1)
			return
		case g.payload == 0 && g.flags&(flow.FIN|flow.RST) == 0:
			g.flags, g.header = flow.SYN|flow.ACK, c.segments[0].header
			c.counts.add(synAckMade)
			return
		}
	}
	c.insert(1, segment{
		time:   c.segments[0].time + (c.segments[1].time-c.segments[0].time)/2,
		header: c.segments[0].header, flags: flow.SYN | flow.ACK, dir: 1 - c.opener, echo: -1,
	})
	c.counts.add(synAckInserted)
}

// completeHandshake inserts the opener's ACK unless it is the next to speak.
func (c *connection) completeHandshake() {
	if len(c.segments) > 2 && c.segments[2].dir == c.opener {
		return
	}
	at := c.segments[1].time
	if len(c.segments) > 2 {
		at += min(c.segments[2].time-at, c.roundTrip()) / 2
	} else {
		at += c.roundTrip() / 2
	}
	c.insert(2, segment{time: at, flags: flow.ACK, dir: c.opener, echo: -1})
	c.counts.add(ackInserted)
}

// clearSYNs makes ordinary segments of SYNs from index from on.
func (c *connection) clearSYNs(from int) {
	for i := from; i < len(c.segments); i++ {
		g := &c.segments[i]
		if g.flags&flow.SYN != 0 {
			g.flags = g.flags&^flow.SYN | flow.ACK
			g.header = 0
			c.counts.add(synMidway)
		}
	}
}

func (c *connection) dropSYNPayload(i int) {
	if c.segments[i].payload > 0 {
		c.segments[i].payload = 0
		c.counts.add(synPayload)
	}
}
