package flow

// connection holds as much of a TCP connection's state as shows when it ends and
// when another one follows it.
type connection struct {
	initial   uint32 // the client's initial sequence number
	known     bool   // initial is
	answered  bool   // the server has sent
	finClient bool
	finServer bool
	reset     bool
}

// reused reports whether a packet opens another connection between the same ports:
// a SYN whose sequence number is not that of the connection's own SYN, sent
// again. backward is its direction.
func (c *connection) reused(p *Packet, backward bool) bool {
	if p.Flags&(SYN|ACK|RST) != SYN {
		return false
	}
	if backward { // not both ends opening at once
		return c.answered || c.closed()
	}
	return !c.known || p.Seq != c.initial
}

// closed reports whether neither end sends any more.
func (c *connection) closed() bool { return c.reset || c.finClient && c.finServer }

// update takes a packet with its direction into account and returns the flow's age.
func (c *connection) update(p *Packet) int {
	backward := p.Direction == Backward
	if p.Flags&SYN != 0 && !c.known {
		switch {
		case p.Flags&ACK == 0 && !backward:
			c.initial, c.known = p.Seq, true
		case p.Flags&ACK != 0 && backward:
			c.initial, c.known = p.Ack-1, true
		}
	}
	if p.Flags&FIN != 0 {
		c.finClient = c.finClient || !backward
		c.finServer = c.finServer || backward
	}
	c.reset = c.reset || p.Flags&RST != 0
	c.answered = c.answered || backward
	switch {
	case c.closed():
		return closed
	case c.answered || p.Flags&SYN == 0:
		return established
	}
	return young
}
