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
			v.encode(codes, f, i, len(f.Packets)-1, &past.turns)
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
