package sampled

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// grammar says, for each state of a connection (history.connection), which
// classes of packet followed it in training. A network gives every class some
// probability in every state, and over a flow's many steps even small ones add
// up: data behind a FIN, a SYN in the middle. What training practically never
// had is not drawn.
type grammar map[int][]bool // state -> by class

// rare is the proportion of a state's packets below which a class counts as
// never seen there: damage and retransmission, which are not reproduced.
const rare = 0.002

// fitGrammar counts which classes follow each state.
func fitGrammar(flows []*flow.Flow, v *vocabulary) grammar {
	counts := make(map[int][]int)
	codes := make([]int32, headCount)
	for _, f := range flows {
		past := begin(targets{}, radio.Past{})
		for i := range f.Packets {
			v.encode(codes, f, i, len(f.Packets)-1)
			state := past.connection()
			if counts[state] == nil {
				counts[state] = make([]int, v.Class.Len())
			}
			counts[state][codes[headClass]]++
			past.add(&f.Packets[i], timeline.GapBefore(f, i))
		}
	}
	g := make(grammar)
	for state, row := range counts {
		total := 0
		for _, n := range row {
			total += n
		}
		g[state] = make([]bool, len(row))
		for class, n := range row {
			g[state][class] = n > 0 && float64(n) >= rare*float64(total)
		}
	}
	return g
}

// forbidden is added to the logit of a class that the grammar does not allow.
const forbidden = -1e9

// mask writes what is added to the class logits in a state; a state that
// training did not have allows everything.
func (g grammar) mask(dst []float32, state int) {
	row, known := g[state]
	for class := range dst {
		dst[class] = 0
		if known && !row[class] {
			dst[class] = forbidden
		}
	}
}

// maskState is what decides which classes a packet may have.
type maskState struct {
	connection int // history.connection
	end        ending
}

// ending says where a flow whose number of packets is given may end.
type ending uint8

const (
	endAnywhere ending = iota // where the network says
	endLater                  // not with this packet
	endNow                    // with this packet
)

// mask forbids the classes at which a flow would end too early or too late; ends says of
// each class whether it is a flow's last packet. Where the grammar leaves no class
// before the flow's end, as behind the close of a connection, any class goes that does
// not end it. Where it leaves none at its end, the flow is cut off there.
func (e ending) mask(dst []float32, ends []bool) {
	if e == endAnywhere {
		return
	}
	some := false
	for class, end := range ends {
		some = some || dst[class] == 0 && end == (e == endNow)
	}
	for class, end := range ends {
		switch fits := end == (e == endNow); {
		case some && !fits:
			dst[class] = forbidden
		case !some && e == endLater && fits:
			dst[class] = 0
		case !some && e == endLater:
			dst[class] = forbidden
		}
	}
}
