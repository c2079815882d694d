package tcp

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/control"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// messageRepairs are the kinds of changes that package control makes.
var messageRepairs = map[control.Repair]repair{
	control.AnswerAsked: answerAsked, control.LengthChanged: messageLength,
	control.OtherProtocol: protocolReplaced, control.MessageMade: messageMade,
}

// admitMessages makes a flow without ports one of those that are being sent. Where the plan has
// no hosts for it, as for ARP among hosts of IPv6 alone, it is left out.
func (f *Framer) admitMessages(from *flow.Flow) error {
	ends, err := f.messageEnds(from)
	if err != nil {
		return fmt.Errorf("tcp: flow %d: %w", from.ID, err)
	}
	if ends.Client == nil {
		f.counts.add(hostless)
		return nil
	}
	c := f.recycle()
	c.id, c.app, c.origin, c.proto, c.next, c.counts = from.ID, from.Application, from.Origin, control.Protocol(from), 0, &f.counts
	c.datagram, c.uplinks = nil, c.uplinks[:0]
	c.join(ends)
	c.load(from, 0)
	said := control.Ends{Hosts: [2]*address.HostState{ends.Client, ends.Server}, Third: ends.Server.Address}
	if third := f.assigner.Other(ends.Client.Address.Is6(), ends.Client, ends.Server); third != nil {
		said.Third = third.Address
	}
	c.messages = new(control.Conversation)
	c.messages.Start(from, said, f.opts.MTU, f.random, func(r control.Repair) { f.counts.add(messageRepairs[r]) })
	f.push(c)
	return nil
}

// messageEnds returns the hosts of a flow without ports, without a client where there are none.
func (f *Framer) messageEnds(from *flow.Flow) (address.Ends, error) {
	first := &from.Packets[0]
	if f.opts.KeepTuples {
		kept := *from
		if kept.Tuple = first.Ends(); kept.Tuple.Src.IsValid() && kept.Tuple.Dst.IsValid() {
			if first.Direction == flow.Backward {
				kept.Tuple = kept.Tuple.Reverse()
			}
			return f.assigner.Keep(&kept)
		}
	}
	alone := first.Message != nil && control.ToGroup(first.Tuple.Proto, first.Message.Kind) ||
		first.Message == nil && control.ToGroup(first.Tuple.Proto, 0)
	ends, ok := f.assigner.AssignMessages(from, control.OverIPv6(from), alone)
	if !ok {
		return address.Ends{}, nil
	}
	return ends, nil
}

// messageFrame makes the next frame of a flow without ports, in out. Its packet is what package
// pcap makes of the frame.
func (f *Framer) messageFrame(c *openFlow) error {
	g := &c.segments[c.next]
	inner := f.buffer[address.MaxEncapsulation:]
	length := c.messages.Frame(inner, c.next)
	unpadded := c.ends[g.dir].host.Unpadded
	if length < flow.MinFrame && !unpadded && c.tunnel == nil {
		clear(inner[length:flow.MinFrame])
		length = flow.MinFrame
	}
	out := &f.out
	out.Bytes = inner[:length]
	p, err := pcap.Ethernet(out.Bytes)
	if err != nil {
		return fmt.Errorf("tcp: flow %d: %w", c.id, err)
	}
	out.Packet = p
	f.stamp(&out.Packet, g)
	if c.tunnel != nil {
		length = c.wrap(f, &out.Packet, length, unpadded)
		out.Packet.Length, out.Packet.Captured = int32(length), int32(length)
	}
	out.Packet.FlowID, out.Packet.Direction = c.id, g.dir
	if out.Packet.Application == flow.Unknown {
		out.Packet.Application = c.app
	}
	return nil
}
