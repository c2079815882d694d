package tcp

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// Frame is one packet on the wire.
type Frame struct {
	Packet flow.Packet // what a reader of the capture decodes, and the flow's ID and direction
	Bytes  []byte      // valid until the next frame
}

// Framer turns flows into frames. It is not safe for concurrent use, and makes
// one stream of frames at a time.
type Framer struct {
	opts     Options
	random   *rand.Rand
	counts   counts
	pool     *payload.Pool
	assigner *address.Assigner
	radio    *loraChannel

	open   []turn // a heap, by time
	free   []*openFlow
	orders uint64
	number int64 // of the next frame
	last   int64 // time of the last frame
	buffer []byte
	out    Frame // the frame that is made: passed on by value, filled in place
}

// NewFramer prepares a Framer; a nil plan is address.Default. The same plan, options,
// source and flows give the same bytes.
func NewFramer(plan *address.Plan, opts Options, src rand.Source) (*Framer, error) {
	if plan == nil {
		plan = address.Default()
	}
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	if src == nil {
		return nil, errors.New("tcp: framer: no random source")
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts.Payload == payload.Copy && len(opts.Examples) == 0 {
		return nil, errors.New("tcp: options: payload is copy, but there are no examples of payloads: want those of the training capture, or neutral, random or zero")
	}
	plan, err := plan.WithOptions(opts.Hosts)
	if err != nil {
		return nil, err
	}
	if opts.MTU == 0 {
		opts.MTU = plan.MTU
	}
	random := rand.New(src)
	f := &Framer{opts: opts, random: random}
	f.pool = payload.NewPool(opts.Payload, opts.Examples, random)
	f.assigner = address.NewAssigner(plan, random)
	f.radio = newLoRaChannel(plan, random)
	f.buffer = make([]byte, etherHeader+opts.MTU+minFrame)
	return f, nil
}

// Repairs returns how often each kind of change was made to the flows so far.
func (f *Framer) Repairs() map[string]int {
	out := make(map[string]int)
	if n := f.pool.Missing(); n > 0 {
		out[payloadMissing] = int(n)
	}
	for r, n := range f.counts {
		if n > 0 {
			out[repairNames[r]] = int(n)
		}
	}
	return out
}

// Frames sends the flows, which come in the order of their starts, as frames in
// the order of time. A flow that cannot be sent is an error in the stream, as
// are errors of flows; the stream goes on behind both. The sequence can be
// ranged over once.
func (f *Framer) Frames(flows iter.Seq2[*flow.Flow, error]) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		for next, err := range flows {
			if err != nil {
				if !yield(Frame{}, err) {
					return
				}
				continue
			}
			if len(next.Packets) == 0 {
				if !yield(Frame{}, fmt.Errorf("tcp: flow %d has no packets", next.ID)) {
					return
				}
				continue
			}
			if !f.send(next.Start(), yield) {
				return
			}
			if err := f.admit(next); err != nil && !yield(Frame{}, err) {
				return
			}
		}
		f.send(1<<63-1, yield)
	}
}

// send yields the frames up to a time; false: the consumer wants no more.
func (f *Framer) send(until int64, yield func(Frame, error) bool) bool {
	for len(f.open) > 0 {
		if f.open[0].time > until {
			return true
		}
		err := f.frame(f.open[0].c)
		f.advance()
		if !yield(f.out, err) {
			return false
		}
	}
	return true
}

// admit makes a flow one of those that are being sent.
func (f *Framer) admit(from *flow.Flow) error {
	if address.IsUplinks(from) {
		return f.admitUplinks(from)
	}
	if f.opts.Link != Semtech {
		return fmt.Errorf("tcp: flow %d is of %v, and the link is %v: want LoRaWAN uplinks, or link semtech, which is Ethernet", from.ID, from.Application, f.opts.Link)
	}
	c := f.recycle()
	c.id, c.app, c.proto = from.ID, from.Application, address.Protocol(from)
	c.counts = &f.counts
	c.next = 0
	c.datagram, c.uplinks, c.shortest = nil, c.uplinks[:0], 0
	if c.proto != flow.TCP && c.proto != flow.UDP {
		f.free = append(f.free, c)
		return fmt.Errorf("tcp: flow %d has protocol %d, want 6 (TCP) or 17 (UDP)", from.ID, c.proto)
	}
	six := looksIPv6(from, c.proto)
	if err := f.assign(c, from, six); err != nil {
		f.free = append(f.free, c)
		return fmt.Errorf("tcp: flow %d: %w", from.ID, err)
	}
	c.ipHeader = ipv4Header
	if c.ends[0].host.Address.Is6() {
		c.ipHeader = ipv6Header
	}
	observed := int32(ipv4Header)
	if six {
		observed = ipv6Header
	}
	c.load(from, c.ipHeader-observed)
	c.room = uint16(int32(f.opts.MTU) - c.ipHeader - tcpHeader)
	l := limits{mtu: int32(f.opts.MTU), ipHeader: c.ipHeader, shortest: c.shortest, complete: f.opts.Complete}
	if c.proto == flow.TCP {
		c.makeTCP(l)
		if f.opts.Retransmit > 0 {
			c.retransmit(f.opts.Retransmit, f.random)
		}
	} else {
		c.makeUDP(l)
	}
	for dir := range c.ends {
		c.ends[dir].isn = f.random.Uint32()
		c.ends[dir].window = c.chooseWindow(flow.Direction(dir))
	}
	if c.opened && !c.answered {
		c.ends[1-c.opener].isn = 0 // a refusal has no sequence number (RFC 9293, 3.10.7.1)
	}
	c.connect()
	c.payloads.Start(f.pool, payload.Connection{Application: c.app, Proto: c.proto, ServerPort: c.ends[flow.Backward].port}, f.random)
	f.push(c)
	return nil
}

// assign gives an open flow its hosts and ports.
func (f *Framer) assign(c *openFlow, from *flow.Flow, six bool) error {
	t := from.Tuple
	if !f.opts.KeepTuples || !t.Src.IsValid() || !t.Dst.IsValid() {
		c.join(f.assigner.Assign(from, c.proto, six))
		return nil
	}
	ends, err := f.assigner.Keep(from)
	if err != nil {
		return err
	}
	c.join(ends)
	return nil
}

// join gives an open flow its ends.
func (c *openFlow) join(ends address.Ends) {
	c.ends[flow.Forward] = end{host: ends.Client, port: ends.ClientPort}
	c.ends[flow.Backward] = end{host: ends.Server, port: ends.ServerPort}
	c.shortest = ends.Shortest
}

// looksIPv6 decides by the tuple, else by the smallest header: 74 bytes hold
// Ethernet, IPv6 and TCP, 62 Ethernet, IPv6 and UDP. With TCP one of the headers
// must be without options or with timestamps alone, since IPv4 with selective
// acknowledgements has as many bytes.
func looksIPv6(f *flow.Flow, proto uint8) bool {
	if a := f.Tuple.Src.Addr(); a.IsValid() {
		return a.Is6() && !a.Is4In6()
	}
	base := int32(etherHeader + ipv6Header + udpHeader)
	if proto == flow.TCP {
		base = etherHeader + ipv6Header + tcpHeader
	}
	usual := false
	for i := range f.Packets {
		p := &f.Packets[i]
		if p.Flags&flow.SYN != 0 {
			continue
		}
		if p.HeaderLength < base {
			return false
		}
		usual = usual || p.HeaderLength == base || proto == flow.TCP && p.HeaderLength == base+timestampOptions
	}
	return usual
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
	f.out = Frame{}
	if f.opts.Link != Semtech {
		return f.loRaTapFrame(c)
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
		p.Flags, p.Seq = g.flags, e.sequence(g)
		p.HeaderLength = etherHeader + c.ipHeader + tcpHeader + int32(g.options)
		if g.flags&flow.ACK != 0 {
			p.Ack = to.isn + g.ack
		}
		if g.flags&flow.SYN != 0 && layoutOf(g.options).mss {
			p.MSS = c.mss(g.dir)
		}
	} else {
		p.HeaderLength = etherHeader + c.ipHeader + udpHeader
	}
	length := c.frame(f.buffer, c.next)
	out.Bytes = f.buffer[:length]
	if c.proto == flow.TCP {
		at := etherHeader + c.ipHeader + 14
		p.Window = uint16(f.buffer[at])<<8 | uint16(f.buffer[at+1])
	}
	p.Length, p.Captured, p.PayloadLength = int32(length), int32(length), g.payload
	p.SrcMAC, p.DstMAC = e.host.MAC, to.host.MAC
	p.Tuple = e.tuple(to, c.proto)
	p.TTL = e.host.TTL
	p.FlowID, p.Direction = c.id, g.dir
	if g.payload > 0 {
		p.Payload = out.Bytes[p.HeaderLength : p.HeaderLength+g.payload]
	}
	c.layers(p)
	if flow.Identify(p); p.Application == flow.Unknown {
		p.Application = c.app
	}
	return nil
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

func (f *Framer) recycle() *openFlow {
	if n := len(f.free); n > 0 {
		c := f.free[n-1]
		f.free = f.free[:n-1]
		return c
	}
	return new(openFlow)
}
