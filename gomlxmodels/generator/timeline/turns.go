package timeline

import (
	"math"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Turns knows, for each direction, the first gap of a flow before a packet in that
// direction that answers one in the other. Where the end that sends in that direction is
// far from the capture, this is the round trip to it, and later gaps of the same kind are
// close to it. The zero value is a flow without packets.
type Turns struct {
	first     [2]float64 // log10 seconds, by direction
	known     [2]bool
	direction flow.Direction // of the packet before
	begun     bool           // there is a packet before
}

// Begun returns the turns of a flow without packets whose first gap in direction d is known
// to be 10^log seconds.
func Begun(d flow.Direction, log float64) Turns {
	var t Turns
	t.first[d&1], t.known[d&1] = log, true
	return t
}

// First returns log10 seconds of the first gap in direction d, and false where it is not
// known yet.
func (t *Turns) First(d flow.Direction) (log float64, known bool) {
	return t.first[d&1], t.known[d&1]
}

// Answers reports whether a packet in direction d comes behind one in the other.
func (t *Turns) Answers(d flow.Direction) bool { return t.begun && d != t.direction }

// Add takes in a packet in direction d and the gap before it. A first gap of zero says
// nothing.
func (t *Turns) Add(d flow.Direction, gap time.Duration) {
	if !t.known[d&1] && gap > 0 && t.Answers(d) {
		t.first[d&1], t.known[d&1] = LogGap(gap), true
	}
	t.direction, t.begun = d, true
}

// Ties says in which directions the gaps of turns are like their flow's first.
type Ties struct {
	Tied    [2]bool    // by direction
	Typical [2]float64 // by direction: median log10 seconds of first gaps
	Ratios  []float64  // log10 of gap / first gap of the tied directions, those that are near 1
}

// NearRatio is how far from the first gap, in decades, a gap counts as like it: up to
// twice and down to half. Beyond it lies what has other causes: acknowledgements that were
// under way already, and hosts that think.
const NearRatio = 0.3

// A direction is tied if gaps are at most so far from their flow's first, as a proportion
// of their distance from the first gap of a typical flow (both are medians of logarithms),
// and if so many are like it.
const (
	mostTied  = 0.5
	leastTied = 16
)

// FitTies learns the ties of flows.
func FitTies(flows []*flow.Flow) (t Ties) {
	var first [2][]float64    // log10 seconds of each flow's first gap
	var later [2][][2]float64 // first gap and gap of the others
	for _, f := range flows {
		var turns Turns
		for i := range f.Packets {
			d, gap := f.Packets[i].Direction&1, GapBefore(f, i)
			if log, known := turns.First(d); known && turns.Answers(d) {
				later[d] = append(later[d], [2]float64{log, LogGap(gap)})
			}
			turns.Add(d, gap)
		}
		for d := range first {
			if turns.known[d] {
				first[d] = append(first[d], turns.first[d])
			}
		}
	}
	for d := range first {
		t.Typical[d] = middle(first[d])
		near := nearRatios(later[d])
		if t.Tied[d] = len(near) >= leastTied && tied(later[d], t.Typical[d]); t.Tied[d] {
			t.Ratios = append(t.Ratios, near...)
		}
	}
	return t
}

// Far returns the direction in which the end sends that is far from the capture: of those
// that are tied the one of the longer gaps. It is false where none is tied.
func (t *Ties) Far() (d flow.Direction, ok bool) {
	d = flow.Forward
	if !t.Tied[d] || t.Tied[flow.Backward] && t.Typical[flow.Backward] > t.Typical[d] {
		d = flow.Backward
	}
	return d, t.Tied[d]
}

// nearRatios returns the logarithms of the ratios that are near 1, given first gaps and gaps.
func nearRatios(gaps [][2]float64) (near []float64) {
	for _, g := range gaps {
		if r := g[1] - g[0]; math.Abs(r) <= NearRatio {
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
