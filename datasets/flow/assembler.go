package flow

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"time"
)

// Assembler gathers a stream of packets into flows. The zero value is useful, and
// one Assembler may serve several streams.
//
// Packets of one five-tuple belong together in both directions, ARP messages and those of
// neighbour discovery by the hosts of [Packet.Ends]; other packets without
// an IP header (LLC, LOOP, SNAP) by their pair of link-layer addresses, second layer and
// application; LoRaWAN uplinks by gateway and device, always forward. Packets of
// different captures are of different flows. A flow
// ends by silence, and a TCP connection by FIN from both ends or RST: it is kept
// [lingerTime] longer for late segments, but a SYN with another sequence number
// starts a new flow at once. A flow by link-layer addresses does not end: as in
// NeCSTGen's tables (algorithm.md 2) it is all that two stations say to each other. The
// client of a flow is who sends the SYN; where none
// was captured, who does not have the service's port; else who sends first.
type Assembler struct {
	// IdleTimeout ends a flow that is silent for longer. 0 stands for what RFC 4787
	// and RFC 5382 ask of address translators: 5 minutes, and 2 hours 4 minutes for
	// an established TCP connection; the uplinks of a LoRaWAN device, which may be
	// silent for days, are then one flow.
	IdleTimeout time.Duration

	// ByMAC takes ARP and ICMP packets together as others without an IP header, by
	// link-layer addresses and without end, which NeCSTGen's tables do; a router's flow then
	// holds what it forwards for all hosts behind it. Otherwise they belong together
	// by their IP addresses.
	ByMAC bool

	// Only are the applications whose flows are gathered, and by which they are named
	// ([Applications.Label]); packets of other flows are let
	// go as soon as their flow's application is known, so that of a large capture only
	// what is wanted is held. Of a flow that shows no application for longer than 1,024
	// packets and is of no service that is wanted, the packets until then are let go, too:
	// if it shows one after all, it
	// begins there, as if the capture did. Empty gathers all. Label takes no notice
	// of it.
	Only Applications

	// MaxOpen bounds the flows that are open at once, and so the memory; beyond it
	// the flow that was silent longest ends. 0 stands for 1<<20.
	MaxOpen int
}

// What the zero Assembler stands for, and how long a closed connection is kept.
const (
	defaultIdle        = 5 * time.Minute
	defaultEstablished = 2*time.Hour + 4*time.Minute
	defaultOpen        = 1 << 20
	lingerTime         = 5 * time.Second
)

// mostUnknown are the packets that are held of a flow whose application may still
// turn out to be the one that is wanted. Applications say what they are in their
// first packets; a stream of media that never does may have millions.
const mostUnknown = 1024

// Label sets FlowID, from 0 in the order of first packets, and Direction on each
// packet as it passes. A packet whose application is Unknown gets its flow's as
// far as that is known by then (a continued response of a web server on 8080), and
// the data connections that FTP announces are FTP-DATA. Errors pass unchanged.
func (a *Assembler) Label(packets iter.Seq2[Packet, error]) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		t := newTracker(a, nil)
		for p, err := range packets {
			if err == nil {
				t.track(&p)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// Flows gathers the packets of each flow. Flows leave when they end, so not in
// the order of their starts; what is open at the end of the stream leaves then, in
// that order. Packets come without Payload. A damaged record's error passes with a
// nil flow; an error that ends the stream is the last element again.
func (a *Assembler) Flows(packets iter.Seq2[Packet, error]) iter.Seq2[*Flow, error] {
	return func(yield func(*Flow, error) bool) {
		going := true
		t := newTracker(a, func(c *conversation) {
			if len(a.Only) > 0 && !a.wants(c) {
				return
			}
			f := c.flow
			f.Application = c.app
			for i := range f.Packets {
				if f.Packets[i].Application == Unknown {
					f.Packets[i].Application = c.app
				}
			}
			a.Only.Label(f)
			going = going && yield(f, nil)
		})
		var held error // an error is the last one only if nothing follows
		for p, err := range packets {
			if held != nil {
				going = going && yield(nil, held)
				held = nil
			}
			if !going {
				return
			}
			if err != nil {
				held = err
				continue
			}
			c := t.track(&p)
			if a.leavesOut(c) {
				c.flow = nil
				continue
			}
			if c.flow == nil || len(c.flow.Packets) >= mostUnknown && len(a.Only) > 0 && c.app == Unknown && !a.wants(c) {
				c.flow = &Flow{ID: c.id, Tuple: c.tuple, Before: p.Time}
			}
			p.Payload = nil
			c.flow.Packets = append(c.flow.Packets, p)
		}
		damaged := IsRecordError(held)
		if held != nil && damaged {
			going = going && yield(nil, held)
		}
		if going {
			t.flush()
		}
		if going && held != nil && !damaged {
			yield(nil, held)
		}
	}
}

// leavesOut reports whether a flow is known to be of another application than those
// that are wanted.
func (a *Assembler) leavesOut(c *conversation) bool {
	return len(a.Only) > 0 && c.app != Unknown && !a.wants(c)
}

// wants reports whether a flow is wanted as what it is known to be.
func (a *Assembler) wants(c *conversation) bool {
	_, wanted := a.Only.Of(c.app, c.tuple)
	return wanted
}

// IsRecordError reports whether an error belongs to one damaged record of a stream,
// which goes on behind it, and not to the stream itself: whether it or one that it
// wraps has a method RecordNumber() int64, as those of the readers of captures and
// tables have.
func IsRecordError(err error) bool {
	var record interface{ RecordNumber() int64 }
	return errors.As(err, &record)
}

// Collect takes a whole stream of flows, sorted by start and then by ID. Damaged
// are the errors of single records; err is the one that ended the stream early,
// beside which the flows before it stand.
func Collect(seq iter.Seq2[*Flow, error]) (flows []*Flow, damaged []error, err error) {
	for f, e := range seq {
		if err != nil { // it did not end the stream
			damaged = append(damaged, err)
			err = nil
		}
		switch {
		case e == nil:
			flows = append(flows, f)
		case IsRecordError(e):
			damaged = append(damaged, e)
		default:
			err = e
		}
	}
	slices.SortFunc(flows, func(a, b *Flow) int {
		return cmp.Or(cmp.Compare(a.Start(), b.Start()), cmp.Compare(a.ID, b.ID))
	})
	return flows, damaged, err
}
