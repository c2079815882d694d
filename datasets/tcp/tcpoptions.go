package tcp

import (
	"github.com/necstgen/necstgen/datasets/flow"
)

// Sizes of headers in bytes.
const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	tcpHeader   = 20
	udpHeader   = 8
)

// What a segment other than a SYN carries: the room of NOP, NOP, timestamps, and where data
// were lost that of NOP, NOP and one selected range.
const (
	timestampOptions = 12
	sackOptions      = 12
)

// dontFragment is the flag in the IPv4 header.
const dontFragment = 0x4000

// optionRoom returns the TCP option bytes that a generated header length asks for,
// rounded down to whole words, or -1 where no header length was given.
func optionRoom(header, ipHeader int32) int32 {
	if header == 0 {
		return -1
	}
	return min(40, max(0, (header-etherHeader-ipHeader-tcpHeader)&^3))
}

// agreeOptions settles which options the two ends use and gives every segment
// its option bytes.
func (c *connection) agreeOptions(l limits) {
	c.timestamps = c.mostHaveStamps(l.ipHeader)
	for i := range c.segments {
		if g := &c.segments[i]; g.header != 0 {
			g.keepLength(etherHeader + l.ipHeader + tcpHeader)
		}
	}
	if c.opened {
		c.synOptions(l)
	}
	for i := range c.segments {
		g := &c.segments[i]
		if g.flags&flow.SYN != 0 {
			continue
		}
		room := optionRoom(g.header, l.ipHeader)
		g.options = 0
		if c.timestamps && (g.flags&flow.RST == 0 || room == timestampOptions) {
			g.options = timestampOptions
		}
		c.countHeader(g, l.ipHeader)
	}
}

// countHeader notes a header that is not what was generated.
func (c *connection) countHeader(g *segment, ipHeader int32) {
	if g.header != 0 && g.header != etherHeader+ipHeader+tcpHeader+int32(g.options) {
		c.counts.add(headerChanged)
	}
}

// synOptions gives SYN and SYN/ACK their layouts.
func (c *connection) synOptions(l limits) {
	syn := &c.segments[0]
	room := optionRoom(syn.header, l.ipHeader)
	if room < 0 {
		room = windowsLayout
		if c.timestamps {
			room = linuxLayout
		}
	}
	own := l.syns[c.opener]
	offer := layoutOf(own, uint8(room))
	if c.timestamps && !offer.stamp {
		if !c.answered || optionRoom(c.segments[1].header, l.ipHeader) < linuxLayout {
			c.timestamps = false // the SYN did not offer what later packets have room for
		} else {
			offer = layoutOf(own, linuxLayout)
			c.timestamps = offer.stamp
		}
	}
	c.layouts[0], syn.options = offer, offer.size
	c.countHeader(syn, l.ipHeader)
	if !c.answered {
		c.timestamps = c.timestamps && offer.stamp
		return
	}
	answer := &c.segments[1]
	room, own = optionRoom(answer.header, l.ipHeader), l.syns[1-c.opener]
	if room < 0 || c.timestamps && !offer.answer(own, uint8(room), true).stamp {
		room = int32(offer.size)
	}
	agreed := offer.answer(own, uint8(room), c.timestamps)
	c.timestamps = c.timestamps && agreed.stamp
	c.scaled = offer.scale && agreed.scale
	c.layouts[1], answer.options = agreed, agreed.size
	c.countHeader(answer, l.ipHeader)
}

// mostHaveStamps reports whether most segments have room for exactly the
// timestamps option; where nothing else is known, whether the SYN had.
func (c *connection) mostHaveStamps(ipHeader int32) bool {
	with, without := 0, 0
	synRoom := int32(-1)
	for i := range c.segments {
		g := &c.segments[i]
		room := optionRoom(g.header, ipHeader)
		switch {
		case g.flags&flow.SYN != 0:
			synRoom = max(synRoom, room)
		case g.flags&flow.RST != 0 || room < 0:
		case room >= timestampOptions:
			with++
		default:
			without++
		}
	}
	if with+without == 0 {
		return synRoom >= 16 && layoutOf(nil, uint8(synRoom)).stamp
	}
	return with > without
}

// growForScale adds the window scale option to both SYNs, where the data in
// flight does not fit a window of 64 KiB.
func (c *connection) growForScale() {
	if !c.opened || !c.answered || c.scaled || max(c.inFlight[0], c.inFlight[1]) < unscaledWindow {
		return
	}
	for i := range c.layouts {
		c.layouts[i] = c.layouts[i].withScale()
		c.segments[i].options = c.layouts[i].size
	}
	c.scaled = true
	c.counts.add(scaleAdded)
}

// split cuts payloads to what fits an IP packet, as segmentation offload does
// behind the capture point: all pieces at one time, PSH and FIN on the last.
func (c *connection) split(l limits) {
	fits := true
	for i := range c.segments {
		g := &c.segments[i]
		room := l.mtu - l.ipHeader - tcpHeader - int32(g.options)
		if over := g.payload - room; over > 0 && over <= c.longer { // a full segment stays one
			g.payload = room
			c.counts.add(fullCut)
		}
		fits = fits && g.payload <= room
		c.maxPayload[g.dir] = max(c.maxPayload[g.dir], min(g.payload, room))
	}
	if fits {
		return
	}
	var whole []segment
	for _, g := range c.segments {
		room := l.mtu - l.ipHeader - tcpHeader - int32(g.options)
		for g.payload > room {
			piece := g
			piece.payload = room
			piece.flags &^= flow.PSH | flow.FIN
			whole = append(whole, piece)
			g.payload -= room
			c.counts.add(segmentSplit)
		}
		whole = append(whole, g)
	}
	c.segments = append(c.segments[:0], whole...)
}
