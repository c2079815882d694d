package sampled

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// turns knows, for each direction, the first gap of a flow before a packet in that direction
// that answers one in the other. Where the other side of the capture is far away, that is
// the round trip, and the later gaps of the same kind are close to it: within 20 % in half of
// the data packets that NeCSTGen's HTTP clients acknowledge. The zero value is a flow
// without packets.
type turns struct {
	first     [2]float64 // log10 seconds, by direction
	known     [2]bool
	direction flow.Direction // of the packet before
	begun     bool           // there is a packet before
}

// gap returns log10 of the first gap, and false where a packet in direction d answers none
// or where it is the first to answer.
func (t *turns) gap(d flow.Direction) (log float64, ok bool) {
	return t.first[d&1], t.begun && d != t.direction && t.known[d&1]
}

// add takes in a packet in direction d and the gap before it. A first gap of zero says
// nothing.
func (t *turns) add(d flow.Direction, gap time.Duration) {
	if t.begun && d != t.direction && !t.known[d&1] && gap > 0 {
		t.first[d&1], t.known[d&1] = timeline.LogGap(gap), true
	}
	t.direction, t.begun = d, true
}

// turnGaps are the classes of the gap head for gaps that are like their flow's first in the
// same direction: bins of the logarithm of their ratio, behind the classes of the gaps
// themselves. Without them the network draws the round trip anew at each turn: within a
// flow of the quickstart, the logarithms of the gaps before packets of the client had a
// standard deviation of 0.27 in the median, and in real flows of 0.07.
type turnGaps struct {
	Typical [2]float64         `json:"typical"` // by direction: median log10 seconds of first gaps, for a flow that has none yet
	Tied    [2]bool            `json:"tied"`    // by direction: gaps are like the flow's first
	Ratio   *feature.Quantizer `json:"ratio"`   // log10 of gap / first gap; nil: no direction is tied
}

// nearRatio is how far from the first gap, in decades, a gap is told as a ratio: up to
// twice and down to half. Beyond it lies what has other causes: acknowledgements that were
// under way already, and hosts that think.
const nearRatio = 0.3

// ratioBins is the number of classes of ratios, each with gapFractions parts.
const ratioBins = 12

// mostTied is the largest distance of gaps from their flow's first for which a direction
// counts as tied, as a proportion of their distance from the first gap of a typical flow;
// both are medians of logarithms.
const mostTied = 0.5

// fitTurnGaps learns which directions are tied, and the bins of their ratios.
func fitTurnGaps(flows []*flow.Flow) (*turnGaps, error) {
	g := new(turnGaps)
	var first [2][]float64    // log10 seconds of each flow's first gap
	var later [2][][2]float64 // first gap and gap of the others
	for _, f := range flows {
		var t turns
		for i := range f.Packets {
			d, gap := f.Packets[i].Direction, timeline.GapBefore(f, i)
			if log, ok := t.gap(d); ok {
				later[d&1] = append(later[d&1], [2]float64{log, timeline.LogGap(gap)})
			}
			t.add(d, gap)
		}
		for d := range first {
			if t.known[d] {
				first[d] = append(first[d], t.first[d])
			}
		}
	}
	var ratios []float64
	for d := range first {
		g.Typical[d] = middle(first[d])
		near := nearRatios(later[d])
		if g.Tied[d] = len(near) >= ratioBins && tied(later[d], g.Typical[d]); g.Tied[d] {
			ratios = append(ratios, near...)
		}
	}
	if len(ratios) == 0 {
		return g, nil
	}
	var err error
	if g.Ratio, err = feature.FitQuantizer(ratios, ratioBins, gapFractions, exactGap); err != nil {
		return nil, fmt.Errorf("generator: ratio of gaps: %w", err)
	}
	return g, nil
}

// nearRatios returns the logarithms of the ratios that are near 1, given first gaps and gaps.
func nearRatios(gaps [][2]float64) (near []float64) {
	for _, g := range gaps {
		if r := g[1] - g[0]; math.Abs(r) <= nearRatio {
			near = append(near, r)
		}
	}
	return near
}

// tied reports whether gaps are much closer to their flow's first, in front of each of them,
// than to the typical first gap.
func tied(gaps [][2]float64, typical float64) bool {
	var own, other []float64
	for _, g := range gaps {
		own, other = append(own, math.Abs(g[1]-g[0])), append(other, math.Abs(g[1]-typical))
	}
	return middle(own) <= mostTied*middle(other)
}

// middle returns the upper median of values, which it sorts; 0 if there are none.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// classes returns how many classes of ratios there are.
func (g *turnGaps) classes() int {
	if g.Ratio == nil {
		return 0
	}
	return g.Ratio.Len()
}

// code returns the class and the fraction of the gap before a packet in direction d, whose
// flow was so far as t, and false for a gap that is not told as a ratio.
func (g *turnGaps) code(t *turns, d flow.Direction, log float64) (class, fraction int, ok bool) {
	first, ok := t.gap(d)
	if !ok || !g.Tied[d&1] || math.Abs(log-first) > nearRatio {
		return 0, 0, false
	}
	class, fraction = g.Ratio.Code(log - first)
	return class, fraction, true
}

// value returns log10 seconds of the gap of a class and fraction, at position u in [0, 1) of
// the fraction. Where the network draws a ratio before its flow has a first gap, which is
// rare, it is one to a typical flow's.
func (g *turnGaps) value(t *turns, d flow.Direction, class, fraction int, u float64) float64 {
	first := g.Typical[d&1]
	if t.known[d&1] {
		first = t.first[d&1]
	}
	return first + g.Ratio.Value(class, fraction, u)
}
