package tcp

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

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
	number int64  // of the next frame
	last   int64  // time of the last frame
	buffer []byte // room for the headers of a tunnel, and a frame
	out    Frame  // the frame that is made: passed on by value, filled in place
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
	named := plan.Hosts
	plan, err := plan.WithOptions(opts.Hosts)
	if err != nil {
		return nil, err
	}
	if opts.MTU == 0 {
		opts.MTU = plan.MTU
	}
	random := rand.New(src)
	f := &Framer{opts: opts, random: random}
	f.pool = payload.NewPool(payload.Options{Filling: opts.Payload, Examples: opts.Examples, Statistics: opts.Statistics, Hosts: servers(plan)}, random)
	f.assigner = address.NewAssigner(plan, random)
	if opts.Hosts.Clients == 0 && opts.Hosts.Servers == 0 { // others are not those that flows name
		f.assigner.Name(named)
	}
	f.radio = newLoRaChannel(plan, random)
	f.buffer = make([]byte, address.MaxEncapsulation+etherHeader+opts.MTU+flow.MinFrame)
	return f, nil
}

// servers are the addresses of the servers of a plan, each once: of those that do not serve
// names alone, if there are others.
func servers(plan *address.Plan) []netip.Addr {
	var list, names []netip.Addr
	seen := make(map[int]bool)
	for _, s := range plan.Services {
		if s.Proto != flow.TCP && s.Proto != flow.UDP {
			continue
		}
		for _, p := range s.Pairs {
			switch {
			case s.Application == flow.DNS:
				names = append(names, plan.Hosts[p.Server].Address)
			case !seen[p.Server]:
				list = append(list, plan.Hosts[p.Server].Address)
				seen[p.Server] = true
			}
		}
	}
	if len(list) == 0 {
		return names
	}
	return list
}

// Part makes a Framer that has made no frame one of several, which together make the
// frames of one capture, each of the flows that start in a time of its own. They must
// have been made with the same plan and options and equal sources; src is what this one
// goes on with. A host has one clock in all of them, and no five-tuple is in two.
// LoRaWAN uplinks cannot be divided so: each device has one counter of frames.
func (f *Framer) Part(p address.Part, src rand.Source) {
	f.random = rand.New(src)
	f.assigner.Part(p, f.random)
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

// send yields the frames up to a time, and reports whether the consumer wants more.
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
