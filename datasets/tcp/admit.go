package tcp

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// admit makes a flow one of those that are being sent.
func (f *Framer) admit(from *flow.Flow) error {
	if address.IsUplinks(from) {
		return f.admitUplinks(from)
	}
	if f.opts.Link != Semtech {
		return fmt.Errorf("tcp: flow %d is of %v, and the link is %v: want LoRaWAN uplinks, or link semtech, which is Ethernet", from.ID, from.Application, f.opts.Link)
	}
	if from.Portless() {
		return f.admitMessages(from)
	}
	c := f.recycle()
	c.id, c.app, c.origin, c.proto = from.ID, from.Application, from.Origin, address.Protocol(from)
	c.counts = &f.counts
	c.next = 0
	c.datagram, c.uplinks, c.shortest, c.messages = nil, c.uplinks[:0], 0, nil
	if c.proto != flow.TCP && c.proto != flow.UDP {
		f.free = append(f.free, c)
		return fmt.Errorf("tcp: flow %d has protocol %d, want 6 (TCP) or 17 (UDP), or messages without ports", from.ID, c.proto)
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
	l := limits{mtu: int32(f.opts.MTU), ipHeader: c.ipHeader, shortest: c.shortest, complete: f.opts.Complete,
		syns: [2][]flow.TCPOptions{c.ends[0].host.SYNs, c.ends[1].host.SYNs}}
	if c.proto == flow.TCP {
		c.makeTCP(l)
		if f.network != nil {
			f.network.lose(&c.connection, f.opts.Losses.of(c.losses))
		}
		c.announce(f.random)
	} else {
		c.makeUDP(l)
	}
	for dir := range c.ends {
		c.ends[dir].begin(&c.ends[1-dir], c.proto, f.random)
	}
	if c.opened && !c.answered {
		c.ends[1-c.opener].isn = 0 // a refusal has no sequence number (RFC 9293, 3.10.7.1)
	}
	c.connect()
	c.payloads.Start(f.pool, payload.Connection{Application: c.spoken(), Proto: c.proto, ServerPort: c.ends[flow.Backward].port,
		Client: c.ends[flow.Forward].host.Address, Server: c.ends[flow.Backward].host.Address}, f.random)
	f.push(c)
	return nil
}

// spoken returns the application whose payloads the flow has: its own or, of flows that were
// learnt together whatever their ports, that of the server's port.
func (c *openFlow) spoken() flow.Application {
	if !c.app.IsService() {
		return c.app
	}
	client, server := &c.ends[flow.Forward], &c.ends[flow.Backward]
	p := flow.Packet{Tuple: flow.FiveTuple{Proto: c.proto, Src: netip.AddrPortFrom(client.host.Address, client.port), Dst: netip.AddrPortFrom(server.host.Address, server.port)}}
	if flow.Identify(&p); p.Application.Known() {
		return p.Application
	}
	return c.app
}

// assign gives an open flow its hosts and ports.
func (f *Framer) assign(c *openFlow, from *flow.Flow, six bool) error {
	t := from.Tuple
	if !f.opts.KeepTuples || !t.Src.IsValid() || !t.Dst.IsValid() || address.Named(from) {
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

// recycle returns an open flow with the memory of one that has ended.
func (f *Framer) recycle() *openFlow {
	if n := len(f.free); n > 0 {
		c := f.free[n-1]
		f.free = f.free[:n-1]
		return c
	}
	return new(openFlow)
}
