package tcp

// makeUDP makes the loaded packets datagrams that fit one IP packet each.
func (c *connection) makeUDP(l limits) {
	header := etherHeader + l.ipHeader + udpHeader
	room := l.mtu - l.ipHeader - udpHeader
	for i := range c.segments {
		g := &c.segments[i]
		g.flags, g.options = 0, 0
		if g.header != 0 && g.header != header {
			g.keepLength(header)
			c.counts.add(headerChanged)
		}
		if g.payload < l.shortest {
			g.payload = l.shortest
			c.counts.add(datagramFilled)
		}
		if g.payload > room {
			g.payload = room
			c.counts.add(datagramCut)
		}
	}
}

// keepLength takes from the payload what a generated header is short of the least
// that the protocols need, so that the frame keeps its length: some published
// tables count the transport header as payload.
func (g *segment) keepLength(least int32) {
	if g.header < least {
		g.payload = max(0, g.payload-(least-g.header))
	}
}
