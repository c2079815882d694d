// Package summary counts what is in a capture, in one pass: what a stranger asks
// of a file before anything else. [Of] makes the [Summary] of a stream of packets.
package summary

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Summary is what a capture holds.
type Summary struct {
	Name      string              `json:"name"`
	Packets   int64               `json:"packets"` // records, damaged ones included
	Bytes     int64               `json:"bytes"`   // of the frames on the wire
	Captured  int64               `json:"captured_bytes"`
	First     time.Time           `json:"first_time,omitzero"` // smallest and largest time, not the first and last record's
	Last      time.Time           `json:"last_time,omitzero"`
	Seconds   float64             `json:"seconds"`
	Backward  int64               `json:"backward"` // packets that are earlier than the one before them
	LinkTypes []string            `json:"link_types"`
	Errors    int64               `json:"errors"`         // damaged records, and what ended reading early
	Examples  []string            `json:"error_examples"` // the first of them
	Protocols map[string]Protocol `json:"protocols"`

	Census *flow.Census `json:"-"` // the flows of each application, and of each server port where none is recognised
}

// Protocol counts what one protocol has.
type Protocol struct {
	Packets int64 `json:"packets"`
	Bytes   int64 `json:"bytes"`
	Flows   int64 `json:"flows"`
}

// maxExamples is how many errors are kept in words.
const maxExamples = 5

// Of counts the packets of a stream as package pcap yields it. What ended the
// stream early comes back as the error, beside the summary of what came before.
func Of(name string, packets iter.Seq2[flow.Packet, error]) (*Summary, error) {
	c := counter{s: Summary{Name: name, LinkTypes: []string{}, Examples: []string{}, Protocols: map[string]Protocol{}}}
	c.first, c.last = int64(1)<<62, -int64(1)<<62
	c.slots, c.services = make([]Protocol, firstService), make(map[flow.Application]uint16)
	assembler := flow.Assembler{}
	for p, err := range assembler.Label(packets) {
		if err != nil {
			c.failed(&p, err)
			continue
		}
		c.packet(&p)
		c.protocol(&p)
	}
	return c.finish()
}

// counter is the state of one pass: arrays where the Summary has maps.
type counter struct {
	s           Summary
	end         error
	first, last int64
	before      int64
	links       [256]bool
	slots       []Protocol                  // by slot
	services    map[flow.Application]uint16 // the slots of services
	names       []flow.Application          // the services of the slots from firstService on
	byFlow      []uint16                    // the slot of each flow, by its number; two bytes a flow
}

func (c *counter) packet(p *flow.Packet) {
	if p.Time < c.before && c.s.Packets > 0 {
		c.s.Backward++
	}
	c.before = p.Time
	c.s.Packets++
	c.s.Bytes += int64(p.Length)
	c.s.Captured += int64(p.Captured)
	c.first, c.last = min(c.first, p.Time), max(c.last, p.Time)
	c.links[p.Layers[0].Name] = true
}

// protocol counts the packet. It counts the packet's flow when the packet is the
// flow's first, or the first from which the application is known.
func (c *counter) protocol(p *flow.Packet) {
	slot := c.slotOf(p)
	c.slots[slot].Packets++
	c.slots[slot].Bytes += int64(p.Length)
	id := int(p.FlowID)
	if id == len(c.byFlow) {
		c.byFlow = append(c.byFlow, slot)
		c.slots[slot].Flows++
		return
	}
	if id < len(c.byFlow) && c.byFlow[id] >= otherTCP && slot < otherTCP {
		c.slots[c.byFlow[id]].Flows--
		c.byFlow[id] = slot
		c.slots[slot].Flows++
	}
}

// Slots above the applications' for packets that belong to none, by transport, and from
// firstService on those of services, by transport and port of the server.
const (
	otherTCP = 200 + iota
	otherUDP
	otherICMPv6
	otherIP
	other
	firstService = 256
)

// otherProtocols are the IP protocols of the slots of traffic without ports: of otherIP one
// for all, since the census asks only whether there are ports.
var otherProtocols = map[int]uint8{otherICMPv6: flow.ICMPv6, otherIP: 255}

var otherNames = map[int]string{otherTCP: "other TCP", otherUDP: "other UDP", otherICMPv6: "ICMPv6", otherIP: "other IP", other: "other"}

// slotOf returns where a packet is counted.
func (c *counter) slotOf(p *flow.Packet) uint16 {
	if p.Application.Known() {
		return uint16(p.Application)
	}
	if p.Tuple.Proto == flow.TCP || p.Tuple.Proto == flow.UDP {
		if slot, ok := c.serviceSlot(p.Service()); ok {
			return slot
		}
	}
	switch p.Tuple.Proto {
	case 0:
		return other
	case flow.TCP:
		return otherTCP
	case flow.UDP:
		return otherUDP
	case flow.ICMPv6:
		return otherICMPv6
	}
	return otherIP
}

// serviceSlot returns the slot of a service. There are slots enough for all ports but those
// of a capture that has nearly all of both transports.
func (c *counter) serviceSlot(service flow.Application) (slot uint16, ok bool) {
	if slot, ok = c.services[service]; ok || len(c.slots) > math.MaxUint16 {
		return slot, ok
	}
	slot = uint16(len(c.slots))
	c.slots, c.names, c.services[service] = append(c.slots, Protocol{}), append(c.names, service), slot
	return slot, true
}

// failed counts a damaged record, which comes with as much of the packet as could
// be read, or keeps the error that ended the stream.
func (c *counter) failed(p *flow.Packet, err error) {
	c.s.Errors++
	if !flow.IsRecordError(err) {
		c.end = err
		return
	}
	c.packet(p)
	if len(c.s.Examples) < maxExamples {
		c.s.Examples = append(c.s.Examples, err.Error())
	}
}

func (c *counter) finish() (*Summary, error) {
	s := &c.s
	if s.Packets > 0 {
		s.First, s.Last = time.Unix(0, c.first).UTC(), time.Unix(0, c.last).UTC()
		s.Seconds = s.Last.Sub(s.First).Seconds()
	}
	for name, seen := range c.links {
		if seen && flow.LayerName(name) != flow.NoLayer {
			s.LinkTypes = append(s.LinkTypes, linkType(flow.LayerName(name)))
		}
	}
	s.LinkTypes = slices.Compact(s.LinkTypes)
	s.Census = new(flow.Census)
	for slot, n := range c.slots {
		if n.Packets > 0 {
			c.countSlot(slot, n)
		}
	}
	if c.end != nil {
		return s, fmt.Errorf("summary: %w", c.end)
	}
	return s, nil
}

// countSlot adds a slot to the protocols and to the census.
func (c *counter) countSlot(slot int, n Protocol) {
	of, name := flow.Application(slot), otherNames[slot]
	proto, _ := of.Service()
	switch {
	case slot >= firstService:
		of = c.names[slot-firstService]
		proto, _ = of.Service()
		name = otherNames[otherTCP]
		if proto == flow.UDP {
			name = otherNames[otherUDP]
		}
	case name != "":
		of, proto = flow.Other, otherProtocols[slot]
	default:
		name = of.String()
	}
	sum := c.s.Protocols[name]
	c.s.Protocols[name] = Protocol{sum.Packets + n.Packets, sum.Bytes + n.Bytes, sum.Flows + n.Flows}
	c.s.Census.Count(of, proto, n.Flows, n.Packets)
}

// linkType is the name of the link type whose frames begin with the layer.
func linkType(layer flow.LayerName) string {
	switch layer {
	case flow.LayerEther, flow.LayerDot3:
		return "Ethernet"
	case flow.LayerCookedLinux:
		return "Linux cooked"
	case flow.LayerCookedLinuxV2:
		return "Linux cooked v2"
	case flow.LayerLoopback:
		return "loopback"
	case flow.LayerIP, flow.LayerIPv6:
		return "raw IP"
	}
	return layer.String()
}

// Names lists the protocols, the one with the most packets first.
func (s *Summary) Names() []string {
	return slices.SortedFunc(maps.Keys(s.Protocols), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Protocols[b].Packets, s.Protocols[a].Packets), cmp.Compare(a, b))
	})
}
