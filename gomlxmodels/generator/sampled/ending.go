package sampled

import (
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// endings says, for each state of a connection (history.connection) and the directions and
// flags of the two packets that led to it, how many packets came behind that in training:
// the fraction behind which came 0, 1, ... mostCounted, and more. A flow whose number of packets a schedule gives is drawn by it:
// given that number, a class is as likely as the network says times as likely as the
// connection is then to end in time,
//
//	P(class | packets left) ~ P(class) P(packets left behind it | connection behind it)^2.
//
// The square is there because the network, which knows a flow's number of packets
// roughly, is too sure of itself where it has to end sooner or later than it would.
// Without it, the network closes connections before their last packet, or not at all: of
// the quickstart's followed flows 22 % close properly, with it 97 %, and 99 % of the
// original's.
type endings map[int][]float64

// mostCounted is how many packets before a connection's end are told apart: a close
// takes four, and what is lost is sent again.
const mostCounted = 16

// endingWeight is the power of the above.
const endingWeight = 2

// leastEnding stands for a fraction of zero: what training did not have is drawn only
// where nothing else is left.
const leastEnding = 1e-6

// fitEndings counts the packets behind each state.
func fitEndings(flows []*flow.Flow) endings {
	e := make(endings)
	for _, f := range flows {
		past := begin(targets{}, radio.Past{})
		for i := range f.Packets {
			p := &f.Packets[i]
			state := behind(past.connection(), past.before(), p)
			past.add(p, 0)
			if e[state] == nil {
				e[state] = make([]float64, mostCounted+2)
			}
			e[state][min(len(f.Packets)-1-i, mostCounted+1)]++
		}
	}
	for _, row := range e {
		var all float64
		for _, n := range row {
			all += n
		}
		for i := range row {
			row[i] /= all
		}
	}
	return e
}

// maskState is what decides which classes a packet may have.
type maskState struct {
	connection int // history.connection
	before     int // step of the packet before; 0 where left is
	left       int // packets of the flow, this one among them, mostCounted+2 for more; 0: the network ends the flow
}

// mask adds to dst, which the grammar has written, the logarithms of how likely the flow
// ends in time behind each class. Its last packet is one with which flows end, and no
// other is. Where the grammar leaves none such, it does not count; and where there is
// none at all, the flow is cut off.
func (e endings) mask(dst []float32, s maskState, d *decoder) {
	last := s.left == 1
	allowed, any := false, false
	for class, end := range d.ends {
		any = any || end == last
		allowed = allowed || end == last && dst[class] == 0
	}
	if !any {
		return
	}
	for class, end := range d.ends {
		switch {
		case end != last:
			dst[class] = forbidden
			continue
		case !allowed:
			dst[class] = 0
		}
		fraction := leastEnding
		if row := e[behind(s.connection, s.before, &d.classes[class])]; row != nil {
			fraction = max(fraction, row[s.left-1])
		}
		dst[class] += endingWeight * float32(math.Log(fraction))
	}
}
