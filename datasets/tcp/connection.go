package tcp

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
	options uint8  // TCP option bytes
	kept    bool   // is sent again
	again   bool   // a retransmission of the last segment of its side that is kept
	repeat  bool   // a duplicate acknowledgement (RFC 5681, 2)
	update  bool   // a window update: acknowledges nothing new
	updates uint8  // how many window updates of its side follow at once
	window  uint16 // as sent
}

// consumes returns how many sequence numbers the segment takes.
func (g *segment) consumes() int64 {
	n := int64(g.payload)
	if g.flags&(flow.SYN|flow.FIN) != 0 {
		n++
	}
	return n
}

// selection is what a segment acknowledges selectively (RFC 2018): offsets from the peer's
// initial sequence number.
type selection struct{ left, right uint32 }

// bare reports whether the segment does nothing but acknowledge.
func (g *segment) bare() bool {
	return g.payload == 0 && g.flags&(flow.SYN|flow.FIN|flow.RST) == 0
}

// connection is one flow made legal: the segments or datagrams that will be sent,
// and what its two ends agreed on.
type connection struct {
	segments   []segment
	opened     bool           // begins with a SYN
	answered   bool           // a SYN/ACK follows it
	opener     flow.Direction // who sent the SYN
	timestamps bool           // both ends use RFC 7323 timestamps
	scaled     bool           // both ends use window scale
	layouts    [2]synLayout   // options of the SYN, and of the SYN/ACK
	inFlight   [2]int64       // most bytes sent and not yet acknowledged, by sender
	longer     int32          // bytes by which the IP header is longer than the flow's
	maxPayload [2]int32       // largest payload, by sender
	selections []selection    // of the segments that select what they acknowledge, in order

	counts *counts
	units  *[2]units // scratch
}

// units lists one side's segments that take sequence numbers.
type units struct {
	ends []int64 // sequence offset behind each, from the initial sequence number
	at   []int32 // its index in the connection
}

// limits is what the network allows a flow.
type limits struct {
	mtu      int32
	ipHeader int32                // 20 or 40
	shortest int32                // payload bytes of a datagram
	complete bool                 // insert missing handshakes and closings
	syns     [2][]flow.TCPOptions // options of the two hosts' SYNs, by direction
}

// load copies the flow's packets. It puts their times in order, and adds to their
// header lengths the bytes by which the IP header is longer than the flow's.
func (c *connection) load(f *flow.Flow, longer int32) {
	c.segments = c.segments[:0]
	if c.units == nil {
		c.units = new([2]units)
	}
	c.opened, c.answered, c.opener = false, false, flow.Forward
	c.timestamps, c.scaled, c.layouts, c.selections = false, false, [2]synLayout{}, c.selections[:0]
	c.inFlight, c.maxPayload, c.longer = [2]int64{}, [2]int32{}, longer
	last := f.Packets[0].Time
	for i := range f.Packets {
		p := &f.Packets[i]
		at := p.Time
		if at < last {
			at = last
			c.counts.add(timeMoved)
		}
		last = at
		header := p.HeaderLength
		if header != 0 {
			header = max(0, header+longer)
		}
		c.segments = append(c.segments, segment{
			time: at, payload: max(0, p.PayloadLength), header: header,
			flags: p.Flags, dir: p.Direction & 1, echo: -1,
		})
	}
}

// makeTCP makes the loaded packets a TCP connection, in the order of its life.
func (c *connection) makeTCP(l limits) {
	c.clearConflicts()
	c.open(l.complete)
	c.placeResets()
	c.addAcks()
	c.placeFins()
	if l.complete {
		c.closeConnection()
	}
	c.agreeOptions(l)
	c.split(l)
	c.relieve()
	c.acknowledge()
}

// clearConflicts leaves each packet at most one of RST, SYN and FIN, in this order.
func (c *connection) clearConflicts() {
	for i := range c.segments {
		g := &c.segments[i]
		wrong := flow.TCPFlags(0)
		if g.flags&flow.RST != 0 {
			wrong = g.flags & (flow.SYN | flow.FIN | flow.PSH | flow.URG)
		} else if g.flags&flow.SYN != 0 {
			wrong = g.flags & (flow.FIN | flow.PSH | flow.URG)
		}
		if wrong != 0 {
			g.flags &^= wrong
			c.counts.add(flagsInConflict)
		}
		if g.flags&flow.RST != 0 && g.payload > 0 {
			g.payload = 0
			c.counts.add(resetPayload)
		}
	}
}

// placeResets keeps a RST only where its side sends nothing else afterwards: the
// other side may not have heard of it yet.
func (c *connection) placeResets() {
	var speaks [2]bool
	for i := len(c.segments) - 1; i >= 0; i-- {
		g := &c.segments[i]
		switch {
		case g.flags&flow.RST == 0:
			speaks[g.dir] = true
		case speaks[g.dir]:
			g.flags = g.flags&^flow.RST | flow.ACK
			c.counts.add(resetTooEarly)
		}
	}
}

// addAcks sets the ACK flag on everything behind the first SYN; a RST may go without.
func (c *connection) addAcks() {
	answers := false // the peer of the opener has spoken
	for i := range c.segments {
		g := &c.segments[i]
		if c.opened && i == 0 || g.flags&flow.ACK != 0 {
			continue
		}
		refusal := g.flags&flow.RST != 0 && c.opened && g.dir != c.opener && !answers
		answers = answers || g.dir != c.opener
		if g.flags&flow.RST != 0 && !refusal {
			continue
		}
		g.flags |= flow.ACK
		c.counts.add(ackAdded)
	}
}

// placeFins keeps one FIN of each side, the first one behind which the side
// sends no more data.
func (c *connection) placeFins() {
	var data [2]int // index of the side's last payload
	for i := range c.segments {
		if c.segments[i].payload > 0 {
			data[c.segments[i].dir] = i
		}
	}
	var closed [2]bool
	for i := range c.segments {
		g := &c.segments[i]
		if g.flags&flow.FIN == 0 {
			continue
		}
		switch {
		case i < data[g.dir]:
			g.flags &^= flow.FIN
			c.counts.add(finTooEarly)
		case closed[g.dir]:
			g.flags &^= flow.FIN
			c.counts.add(finRepeated)
		}
		closed[g.dir] = closed[g.dir] || g.flags&flow.FIN != 0
	}
}

// closeConnection adds the FINs that are missing, and the ACK of the last one.
func (c *connection) closeConnection() {
	if !c.opened || !c.answered {
		return
	}
	var fins [2]int
	for i := range c.segments {
		g := &c.segments[i]
		if g.flags&flow.RST != 0 {
			return
		}
		if g.flags&flow.FIN != 0 {
			fins[g.dir] = i
		}
	}
	gap := c.roundTrip()
	for _, dir := range []flow.Direction{c.opener, 1 - c.opener} {
		if fins[dir] == 0 {
			fins[dir] = len(c.segments)
			c.append(dir, flow.FIN|flow.ACK, gap)
			c.counts.add(closingInserted)
		}
	}
	final := flow.Backward // who must acknowledge the last FIN
	if fins[flow.Backward] > fins[flow.Forward] {
		final = flow.Forward
	}
	for i := max(fins[0], fins[1]) + 1; i < len(c.segments); i++ {
		if c.segments[i].dir == final {
			return
		}
	}
	c.append(final, flow.ACK, gap)
	c.counts.add(closingInserted)
}

func (c *connection) append(dir flow.Direction, flags flow.TCPFlags, gap int64) {
	at := c.segments[len(c.segments)-1].time + gap
	c.segments = append(c.segments, segment{time: at, flags: flags, dir: dir, echo: -1})
}

// roundTrip returns the time from SYN to SYN/ACK, or a millisecond where there is none.
func (c *connection) roundTrip() int64 {
	const fallback = int64(1e6)
	if len(c.segments) < 2 || !c.opened {
		return fallback
	}
	if gap := c.segments[1].time - c.segments[0].time; c.segments[1].flags&flow.SYN != 0 && gap > 0 {
		return gap
	}
	return fallback
}

// compact removes the segments for which drop reports true.
func (c *connection) compact(drop func(i int, g *segment) bool) {
	kept := c.segments[:0]
	for i := range c.segments {
		if g := c.segments[i]; !drop(i, &g) {
			kept = append(kept, g)
		}
	}
	c.segments = kept
}

func (c *connection) insert(at int, g segment) { c.segments = slices.Insert(c.segments, at, g) }
