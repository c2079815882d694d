// Package overlay puts a capture of one's own, such as a recorded attack, among generated
// traffic, and says of each of its flows that it comes from there.
//
//	Open     reads the capture once: its flows, and hosts of the plan for its addresses
//	Capture  yields the frames of both in time order
//	At       when it begins: a time, a time of day, or a time since the generated start
//
// The frames are the capture's own, byte by byte, but for times, addresses and what hangs on
// these: MACs, checksums, ARP, and the packets that ICMP errors quote. Payloads stay as they
// are. What holds addresses that are not understood (neighbour discovery, link-layer
// protocols) is left out and counted.
package overlay

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
)

// Options say what is put where.
type Options struct {
	Path          string // a capture of Ethernet frames
	At            At     // when its first packet comes
	KeepAddresses bool   // frames keep their addresses
}

// Capture is a capture that is put among generated frames.
type Capture struct {
	Options
	hosts   map[netip.Addr]address.Host
	flows   map[int64]*flowInfo
	origin  *flow.Origin
	first   int64 // time of its first packet
	packets int64
	leftOut int64
}

// flowInfo is what has to be known of a flow before its packets come again.
type flowInfo struct {
	last        int64 // number of its last packet
	application flow.Application
}

// firstFlow is the number of the capture's first flow, beyond all of generated ones.
const firstFlow = 1_000_000_000_000

// Packets returns how many packets of the capture are put among the generated ones.
func (c *Capture) Packets() int64 { return c.packets }

// LeftOut returns how many packets of the capture are not.
func (c *Capture) LeftOut() int64 { return c.leftOut }

// Open reads the capture and chooses hosts of the plan for its addresses, unless they are
// kept. A capture of other links than Ethernet, with frames that were cut, or with
// addresses that cannot be replaced, is an error that names the packet. Memory goes with
// its flows.
func Open(ctx context.Context, plan *address.Plan, o Options) (*Capture, error) {
	c := &Capture{Options: o, flows: make(map[int64]*flowInfo), origin: &flow.Origin{Name: filepath.Base(o.Path)}}
	roles := map[netip.Addr]*[2]int64{} // flows as client and as server, by address
	for p, err := range c.read(ctx) {
		if err != nil {
			return nil, fmt.Errorf("overlay: %w", err)
		}
		if c.first == 0 {
			c.first = p.packet.Time
		}
		if !p.taken {
			c.leftOut++
			continue
		}
		c.packets++
		c.count(&p.packet, roles)
	}
	if c.packets == 0 {
		return nil, fmt.Errorf("overlay: %s: no packet of it can be put among others: want a capture of IP packets", o.Path)
	}
	if !o.KeepAddresses {
		servers, clients := divide(roles)
		c.hosts = plan.Substitutes(servers, clients)
	}
	return c, nil
}

// count keeps what has to be known of a packet's flow, and the roles of its addresses.
func (c *Capture) count(p *flow.Packet, roles map[netip.Addr]*[2]int64) {
	info := c.flows[p.FlowID]
	ends := [2]netip.Addr{p.Tuple.Src.Addr().Unmap(), p.Tuple.Dst.Addr().Unmap()}
	if p.Direction == flow.Backward {
		ends[0], ends[1] = ends[1], ends[0]
	}
	for role, a := range ends {
		if !a.IsValid() {
			continue
		}
		if roles[a] == nil {
			roles[a] = new([2]int64)
		}
		if info == nil {
			roles[a][role]++
		}
	}
	if info == nil {
		info = new(flowInfo)
		c.flows[p.FlowID] = info
	}
	info.last = p.Number
	if info.application == flow.Unknown {
		info.application = p.Application
	}
}

// divide returns the addresses that are asked more often than they ask, and the others,
// those of most flows first.
func divide(roles map[netip.Addr]*[2]int64) (servers, clients []netip.Addr) {
	for a, n := range roles {
		if n[1] > n[0] {
			servers = append(servers, a)
		} else {
			clients = append(clients, a)
		}
	}
	busiest := func(a, b netip.Addr) int {
		if d := roles[b][0] + roles[b][1] - roles[a][0] - roles[a][1]; d != 0 {
			return int(d)
		}
		return a.Compare(b)
	}
	slices.SortFunc(servers, busiest)
	slices.SortFunc(clients, busiest)
	return servers, clients
}

// captured is a packet of the capture with its frame.
type captured struct {
	packet flow.Packet // labelled
	frame  []byte
	taken  bool // it is put among the others
}

// ethernet is the link type of Ethernet (LINKTYPE_ETHERNET).
const ethernet = 1

// read reads the capture's packets with their frames and labels.
func (c *Capture) read(ctx context.Context) iter.Seq2[captured, error] {
	return func(yield func(captured, error) bool) {
		data, err := trace.OpenFile(ctx, c.Path, nil)
		if err != nil {
			yield(captured{}, err)
			return
		}
		defer data.Close()
		if !data.Repeatable() {
			yield(captured{}, fmt.Errorf("%s is a pipe or a device: want a file, which is read twice", c.Path))
			return
		}
		var assembler flow.Assembler
		for p, err := range assembler.Label(data.Packets(ctx, trace.Selection{Outer: true})) {
			if flow.IsRecordError(err) {
				continue
			}
			one := captured{packet: p}
			if err == nil {
				var link uint32
				one.frame, link = data.Frame()
				one.taken, err = c.check(&p, one.frame, link)
			}
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
}

// errNoFrame is the error for packets that come from no capture.
var errNoFrame = errors.New("it holds packets without their frames: want a capture")

// check reports whether a packet can be put among others.
func (c *Capture) check(p *flow.Packet, frame []byte, link uint32) (taken bool, err error) {
	switch {
	case frame == nil:
		err = errNoFrame
	case link != ethernet:
		err = fmt.Errorf("its link type is %d: want Ethernet frames (tcprewrite --dlt=enet makes them)", link)
	case p.Captured < p.Length:
		err = fmt.Errorf("%d of its %d bytes were captured: want whole frames (tcpdump -s 0)", p.Captured, p.Length)
	case c.KeepAddresses:
		return true, nil
	default:
		taken, err = rewritable(p, frame)
	}
	if err != nil {
		return false, fmt.Errorf("%s: packet %d: %w", c.Path, p.Number, err)
	}
	return taken, nil
}
