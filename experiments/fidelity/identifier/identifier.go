// Package identifier finds out what the payloads of synthetic traffic repeat of the
// traffic that a generator has learnt from, and of no other: the names of hosts, and runs
// of 16 bytes.
//
// An [Original] is told the packets of the training flows and of real flows that were held
// out, then looks through the synthetic packets. A run counts if one training flow says it
// and no other flow does, training or held out: what protocols, servers and pages say again
// and again names nobody, and a generator that has learnt no more than a grammar repeats no
// run that counts. A name counts if a training flow says it, unless it is reserved for
// examples ([reserved]), because invented names are of those.
//
// Memory is bounded whatever the captures: of the runs a sample is kept, those with the
// smallest hashes (bottom-k sampling: Cohen and Kaplan, Summarizing data using bottom-k
// sketches, PODC 2007), which is the same whatever the order of the packets. Bytes of
// payloads are kept nowhere.
package identifier

import (
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Original is what training flows say, and what of it synthetic flows say too. [New] makes
// one.
type Original struct {
	names names
	runs  runs
	bytes [parts]int64 // of payload that was seen
}

// Part is a part of the traffic.
type Part uint8

// The parts. What is held out comes in two halves, by flow, so that one can stand for new
// real traffic beside the other.
const (
	Training Part = iota
	HeldOut
	Synthetic
	parts
)

// New returns an Original that has seen nothing.
func New() *Original {
	return &Original{names: newNames(), runs: newRuns(mostRuns)}
}

// Add takes the payload of a packet of the real traffic; its FlowID, Direction and
// Application are set. All of them come before the synthetic packets.
func (o *Original) Add(p *flow.Packet, part Part) {
	o.bytes[part] += int64(len(p.Payload))
	if part == Training {
		namesIn(p, func(name string) { o.names.add(name, p.Application) })
	}
	o.runs.add(p, part)
}

// Look takes the payload of a synthetic packet.
func (o *Original) Look(p *flow.Packet) {
	o.bytes[Synthetic] += int64(len(p.Payload))
	namesIn(p, o.names.look)
	o.runs.look(p.Payload)
}

// PartsOf returns which part the packet with a number is of, false for one that is in
// neither list of flows.
func PartsOf(training, heldOut []*flow.Flow) func(number int64) (Part, bool) {
	parts := make(map[int64]Part)
	for part, flows := range [][]*flow.Flow{Training: training, HeldOut: heldOut} {
		for _, f := range flows {
			for i := range f.Packets {
				parts[f.Packets[i].Number] = Part(part)
			}
		}
	}
	return func(number int64) (Part, bool) {
		part, ok := parts[number]
		return part, ok
	}
}

// AddAll adds the packets of a capture, whose flows the assembler finds. part gives the
// part of the packet with a number, false for packets that count for nothing. Damaged
// records are left out; the error is the one that ended the stream.
func (o *Original) AddAll(packets iter.Seq2[flow.Packet, error], assembler flow.Assembler, part func(number int64) (Part, bool)) error {
	var last error
	for p, err := range assembler.Label(packets) {
		if last = err; err != nil {
			continue
		}
		if in, ok := part(p.Number); ok {
			o.Add(&p, in)
		}
	}
	return ending(last)
}

// Looking returns the packets of a synthetic capture as they are, and takes the payload of
// each as it passes.
func (o *Original) Looking(packets iter.Seq2[flow.Packet, error]) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			if err == nil {
				o.Look(&p)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// LookAll looks through the packets of a synthetic capture; errors are as of AddAll.
func (o *Original) LookAll(packets iter.Seq2[flow.Packet, error]) error {
	var last error
	for _, err := range o.Looking(packets) {
		last = err
	}
	return ending(last)
}

// ending is the error that ended a stream, if it is more than a damaged record.
func ending(last error) error {
	if last == nil || flow.IsRecordError(last) {
		return nil
	}
	return fmt.Errorf("identifier: %w", last)
}

// Count is how many identifiers there are and how many of them the synthetic packets say.
type Count struct {
	Known, Found int
	Sampled      bool    // Known is a sample
	Reserved     int     // names that do not count
	ByReal       float64 // runs: the part of them that new real traffic says, too, which is 0 for names
}

// Missing is the reason why there is nothing to count; "": there is.
func (o *Original) Missing() string {
	switch {
	case o.bytes[Training] == 0:
		return "the training packets have no payload bytes"
	case o.bytes[Synthetic] == 0:
		return "the synthetic packets have no payload bytes"
	}
	return ""
}

// Names counts the names in training flows of an application, of all for flow.Unknown.
func (o *Original) Names(app flow.Application) Count { return o.names.count(app) }

// Runs counts the runs in training flows of an application, of all for flow.Unknown.
func (o *Original) Runs(app flow.Application) Count { return o.runs.count(app) }
