package wire

// udp makes the loaded packets datagrams that fit one IP packet each.
func (s *script) udp(l limits) {
	header := etherHeader + l.ipHeader + udpHeader
	room := l.mtu - l.ipHeader - udpHeader
	for i := range s.segments {
		g := &s.segments[i]
		g.flags, g.options = 0, 0
		if g.header != 0 && g.header != header {
			s.counts.add(headerChanged)
		}
		if g.payload > room {
			g.payload = room
			s.counts.add(datagramCut)
		}
	}
}
