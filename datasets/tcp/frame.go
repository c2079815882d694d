package tcp

import (
	"slices"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Frame is one packet on the wire.
type Frame struct {
	Packet flow.Packet // what a reader of the capture decodes, and the flow's ID and direction
	Bytes  []byte      // valid until the next frame

	Application flow.Application // that its flow was drawn as; the packet's is what a reader finds
	Origin      *flow.Origin     // of its flow; nil: unknown
	Last        bool             // its flow has no other frame behind it
}

// Observed returns the frame as a flow.Recorder takes it.
func (f *Frame) Observed() flow.Observed {
	return flow.Observed{Packet: &f.Packet, Application: f.Application, Origin: f.Origin, Last: f.Last}
}

// stamp gives a packet its number and time; none goes back in time.
func (f *Framer) stamp(p *flow.Packet, g *segment) {
	if g.time < f.last {
		f.counts.add(timeMoved)
	}
	f.last = max(f.last, g.time)
	p.Number, p.Time = f.number, f.last
	f.number++
}

// frame makes the next frame of an open flow, in out.
func (f *Framer) frame(c *openFlow) error {
	f.out = Frame{Application: c.app, Origin: c.origin, Last: c.next == len(c.segments)-1}
	if f.opts.Link != Semtech {
		return f.loRaTapFrame(c)
	}
	if c.messages != nil {
		return f.messageFrame(c)
	}
	g := &c.segments[c.next]
	if c.app == flow.LoRaWAN && len(c.uplinks) > 0 {
		if err := f.datagramOf(c, g); err != nil {
			return err
		}
	}
	e, to := &c.ends[g.dir], &c.ends[1-g.dir]
	out := &f.out
	p := &out.Packet
	f.stamp(p, g)
	if c.proto == flow.TCP {
		p.Flags, p.Seq = g.flags, c.sequence(g)
		p.HeaderLength = etherHeader + c.ipHeader + tcpHeader + int32(g.options)
		if g.flags&flow.ACK != 0 {
			p.Ack = to.isn + g.ack
		}
		if g.flags&flow.SYN == 0 {
			p.Options = segmentOptions(g.options, c.timestamps)
		} else {
			l := c.layout(g)
			if p.Options = l.options; l.mss {
				p.MSS = c.mss(g.dir)
			}
		}
		if p.Options.Has(flow.OptionTimestamps) {
			p.Stamp = c.clock(g.dir, g.time)
		}
	} else {
		p.HeaderLength = etherHeader + c.ipHeader + udpHeader
	}
	inner := f.buffer[address.MaxEncapsulation:]
	length := c.frame(inner, c.next)
	inner = inner[:length]
	out.Bytes = inner
	if c.proto == flow.TCP {
		at := etherHeader + c.ipHeader + 14
		p.Window = uint16(inner[at])<<8 | uint16(inner[at+1])
	}
	if c.ipHeader == ipv4Header {
		p.DontFragment, p.ID = !e.ipv4.Fragments, uint16(inner[etherHeader+4])<<8|uint16(inner[etherHeader+5])
	}
	if c.tunnel != nil {
		length = c.wrap(f, p, length, e.host.Unpadded)
	}
	p.Length, p.Captured, p.PayloadLength = int32(length), int32(length), g.payload
	p.SrcMAC, p.DstMAC = e.host.MAC, to.host.MAC
	p.Tuple = e.tuple(to, c.proto)
	p.TTL = e.host.TTL
	p.FlowID, p.Direction = c.id, g.dir
	if g.payload > 0 {
		p.Payload = inner[p.HeaderLength : p.HeaderLength+g.payload]
	}
	c.layers(p)
	if flow.Identify(p); p.Application == flow.Unknown {
		p.Application = c.app
	}
	return nil
}

// wrap puts the flow's tunnel around the frame of so many bytes that f has made, and
// returns how long the frame is that a reader then finds inside: with the padding of the
// outer one, unless Ethernet inside says where it ends.
func (c *openFlow) wrap(f *Framer, p *flow.Packet, length int, unpadded bool) int {
	p.Encapsulation = c.tunnel.Forward
	if p.Direction = c.segments[c.next].dir; p.Direction == flow.Backward {
		p.Encapsulation = c.tunnel.Backward
	}
	frame := c.encapsulate(f.buffer, length, p.Direction)
	if short := flow.MinFrame - len(frame); short > 0 && !unpadded {
		from := len(frame)
		frame = frame[:flow.MinFrame]
		clear(frame[from:])
		if !slices.ContainsFunc(c.outer[p.Direction], func(h flow.OuterHeader) bool { return h.Kind == flow.OuterEther }) {
			length += short
		}
	}
	f.out.Bytes = frame
	return length
}

// layers names the link, network and transport layers.
func (c *openFlow) layers(p *flow.Packet) {
	p.Layers[0] = flow.Layer{Name: flow.LayerEther, Length: p.Length}
	p.Layers[1] = flow.Layer{Name: flow.LayerIP, Length: p.Length - etherHeader}
	p.Layers[2] = flow.Layer{Name: flow.LayerTCP, Length: p.Length - etherHeader - c.ipHeader}
	if c.ipHeader == ipv6Header {
		p.Layers[1].Name = flow.LayerIPv6
	}
	if c.proto == flow.UDP {
		p.Layers[2].Name = flow.LayerUDP
	}
}
