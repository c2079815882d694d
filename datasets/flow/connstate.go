package flow

import "slices"

// What Zeek says of a connection (https://docs.zeek.org, base/protocols/conn/main.zeek and
// its TCP session): a letter for each thing that has happened, and a word for how it went.
// Gaps in the content and wrong checksums, letters g and c, are not looked for.

// endState is what one end of a connection has come to.
type endState uint8

const (
	endInactive    endState = iota // it has sent nothing
	endSYNSent                     // a client's SYN
	endSYNACKSent                  // a client's SYN with an ACK
	endPartial                     // it has sent, but no SYN
	endEstablished                 // both have sent a SYN
	endClosed                      // it has sent a FIN
	endReset                       // it has sent a RST
)

// connEnd is one end of a connection.
type connEnd struct {
	state, before endState // before: what state was before it changed last
	closed        bool     // a FIN or RST of this end has been seen
	next          uint32   // the sequence number behind the highest byte sent
	base          uint32   // the first sequence number

	letters                   uint32 // that the history has of this end, a bit each, A the lowest
	lastSYN, lastFIN, lastRST uint32 // their sequence numbers, relative to base
	again, zeros              int64  // packets with retransmitted payload, and with a window of 0
}

// connState is a flow as Zeek sees it.
type connState struct {
	ends    [2]connEnd
	history []byte
	until   int64 // time of the last packet before both ends had closed
	udp     bool
	tcp     bool
}

// add follows a packet and returns its payload bytes that are new.
func (c *connState) add(p *Packet) (fresh int64) {
	dir := p.Direction & 1
	end := &c.ends[dir]
	if p.Tuple.Proto != TCP {
		c.udp, c.until = p.Tuple.Proto == UDP, p.Time
		if c.udp && p.PayloadLength >= 0 {
			c.once(dir, 'D')
		}
		end.state = endEstablished
		return int64(p.PayloadLength)
	}
	c.tcp = true
	if !c.ends[0].closed || !c.ends[1].closed {
		c.until = p.Time
	}
	end.begin(p)
	c.note(p, dir)
	fresh = c.advance(p, dir)
	c.step(p, dir)
	return fresh
}

// begin sets the sequence numbers at an end's first packet, or where its SYN comes again
// with another one.
func (e *connEnd) begin(p *Packet) {
	opening := e.state == endSYNSent || e.state == endSYNACKSent || e.state == endEstablished || e.state == endPartial
	switch {
	case e.state == endInactive && p.Flags&SYN == 0:
		e.base, e.next = p.Seq-1, p.Seq
	case e.state == endInactive, opening && p.Flags&SYN != 0 && p.Seq != e.base:
		e.base, e.next = p.Seq, p.Seq+segmentLength(p)
	}
}

// segmentLength returns how many sequence numbers a packet takes (RFC 9293, 3.4); what a
// RST carries is not of the stream.
func segmentLength(p *Packet) uint32 {
	n := uint32(p.PayloadLength)
	if p.Flags&RST != 0 {
		n = 0
	}
	if p.Flags&SYN != 0 {
		n++
	}
	if p.Flags&FIN != 0 {
		n++
	}
	return n
}

// note adds the letters of a packet's flags, its payload and its window to the history.
func (c *connState) note(p *Packet, dir Direction) {
	e, peer := &c.ends[dir], &c.ends[1-dir]
	seq := p.Seq - e.base
	switch control := p.Flags & (SYN | FIN | RST); control {
	case SYN:
		letter := byte('S')
		if p.Flags&ACK != 0 {
			letter = 'H'
		}
		c.repeated(dir, letter, 'S', seq, &e.lastSYN)
	case FIN:
		c.repeated(dir, 'F', 'F', seq+uint32(p.PayloadLength), &e.lastFIN)
	case RST:
		c.repeated(dir, 'R', 'R', seq, &e.lastRST)
	case 0:
		if p.PayloadLength > 0 {
			c.once(dir, 'D')
		} else if p.Flags&ACK != 0 {
			c.once(dir, 'A')
		}
	case FIN | RST, SYN | FIN | RST:
		c.once(dir, 'I')
	default:
		c.once(dir, 'Q')
	}
	if p.Window == 0 && p.Flags&RST == 0 && peer.state != endClosed && e.state != endReset {
		c.counted(dir, 'W', &e.zeros)
	}
}

// advance moves an end's next sequence number behind a packet and returns its payload
// bytes that are new.
func (c *connState) advance(p *Packet, dir Direction) int64 {
	e := &c.ends[dir]
	length := segmentLength(p)
	ahead := int32(p.Seq + length - e.next)
	switch {
	case e.state == endReset:
		return 0
	case e.state == endInactive && p.Flags&SYN != 0: // its numbers begin with this packet
		return int64(p.PayloadLength)
	case ahead > 0:
		e.next += uint32(ahead)
		if p.Flags&RST != 0 {
			return 0
		}
		return int64(min(ahead, p.PayloadLength))
	case p.PayloadLength > 0:
		c.counted(dir, 'T', &e.again)
	}
	return 0
}

// has reports whether a letter of that kind is in the history, and notes that it is.
func (e *connEnd) has(kind byte) bool {
	bit := uint32(1) << (kind - 'A')
	had := e.letters&bit != 0
	e.letters |= bit
	return had
}

// once adds a letter that an end has at most once.
func (c *connState) once(dir Direction, letter byte) {
	if !c.ends[dir].has(letter) {
		c.letter(dir, letter)
	}
}

// repeated adds a letter of a kind that an end has again where the sequence number is
// another one than the last time.
func (c *connState) repeated(dir Direction, letter, kind byte, seq uint32, last *uint32) {
	if !c.ends[dir].has(kind) || seq != *last {
		c.letter(dir, letter)
	}
	*last = seq
}

// counted adds a letter the first, the tenth, the hundredth time, and so on.
func (c *connState) counted(dir Direction, letter byte, times *int64) {
	*times++
	for power := int64(1); power <= *times; power *= 10 {
		if power == *times {
			c.letter(dir, letter)
		}
	}
}

// letter adds a letter, a capital where the client has sent the packet.
func (c *connState) letter(dir Direction, letter byte) {
	if dir == Backward {
		letter += 'a' - 'A'
	}
	c.history = append(c.history, letter)
}

// set changes the state of an end.
func (e *connEnd) set(s endState) { e.before, e.state = e.state, s }

// step moves the states on by a packet of one end.
func (c *connState) step(p *Packet, dir Direction) {
	e, peer := &c.ends[dir], &c.ends[1-dir]
	fin, rst := p.Flags&FIN != 0, p.Flags&RST != 0
	switch e.state {
	case endInactive:
		c.wake(p, dir)
	case endSYNSent, endSYNACKSent:
		if fin {
			e.set(endClosed)
		}
		if rst {
			e.set(endReset)
		}
	case endPartial, endEstablished:
		if e.state == endPartial && p.Flags&(SYN|ACK) == SYN && peer.state == endInactive {
			e.set(endSYNSent)
		}
		if fin && !rst {
			e.set(endClosed)
			if peer.state == endReset && peer.before == endClosed { // its FIN came before its RST
				peer.set(endClosed)
			}
		}
		if rst {
			e.set(endReset)
		}
	case endClosed:
		if rst && peer.state != endClosed {
			e.set(endReset)
		}
	}
	e.closed = e.closed || fin || rst
}

// wake moves the state of an end on that has sent nothing before.
func (c *connState) wake(p *Packet, dir Direction) {
	e, peer := &c.ends[dir], &c.ends[1-dir]
	if p.Flags&SYN != 0 {
		switch {
		case dir == Backward:
			if peer.state == endSYNSent {
				peer.set(endEstablished)
			}
			e.set(endEstablished)
		case p.Flags&ACK != 0:
			e.set(endSYNACKSent)
		default:
			e.set(endSYNSent)
		}
	}
	if p.Flags&FIN != 0 {
		e.set(endClosed)
	}
	if p.Flags&RST != 0 {
		e.set(endReset)
	}
	if e.state != endInactive {
		return
	}
	switch {
	case dir == Backward && p.PayloadLength == 0 && peer.state == endSYNSent: // some servers acknowledge a SYN before theirs
	case p.Flags&ACK != 0 && peer.state == endEstablished: // the SYN was missed
		e.set(endEstablished)
	default:
		e.set(endPartial)
	}
}

// History returns what has happened in the connection as Zeek writes it, a letter for
// each: S a SYN, H a SYN with ACK, A a pure ACK, D data, F a FIN, R a RST, T retransmitted
// data, W a window of 0, I and Q flags that contradict each other; in small letters what
// the server has sent.
func (r *Record) History() string { return string(r.connection.history) }

// Duration returns the nanoseconds from the first packet to the last as Zeek counts them:
// what comes behind the FIN or RST of both ends, such as the last ACK, does not count.
func (r *Record) Duration() int64 { return max(0, r.connection.until-r.Start) }

// State returns Zeek's word for how the connection went: S0 without an answer, S1
// established and not closed, SF closed by both, REJ rejected, S2 and S3 closed by the
// client or the server alone, RSTO and RSTR reset by the client or the server, RSTOS0 and
// RSTRH the same without an answer of the other, SH and SHR closed without one, OTH
// anything else.
func (r *Record) State() string {
	c := &r.connection
	client, server := c.ends[Forward].state, c.ends[Backward].state
	noClient, noServer := client == endInactive || client == endPartial, server == endInactive || server == endPartial
	choose := func(condition bool, yes, no string) string {
		if condition {
			return yes
		}
		return no
	}
	switch {
	case c.udp && client == endEstablished:
		return choose(server == endEstablished, "SF", "S0")
	case c.udp:
		return "SHR"
	case !c.tcp:
		return "OTH"
	case server == endReset:
		rejected := client == endSYNSent || client == endSYNACKSent || client == endReset && r.Payload == [2]int64{}
		return choose(rejected, "REJ", choose(noClient, "RSTRH", "RSTR"))
	case client == endReset:
		return choose(noServer, choose(c.aborted(), "RSTOS0", "OTH"), "RSTO")
	case client == endClosed && server == endClosed:
		return "SF"
	case client == endClosed:
		return choose(noServer, "SH", "S2")
	case server == endClosed:
		return choose(noClient, "SHR", "S3")
	case client == endSYNSent && server == endInactive:
		return "S0"
	case client == endEstablished && server == endEstablished:
		return "S1"
	}
	return "OTH"
}

// aborted reports whether the client's SYN is followed by its RST, without anything of
// its own between them that an open connection has.
func (c *connState) aborted() bool {
	reset := slices.Index(c.history, 'R')
	return reset > 0 && c.history[0] == 'S' && !slices.ContainsFunc(c.history[:reset], func(b byte) bool {
		return slices.Contains([]byte("HAFGIQ"), b)
	})
}
