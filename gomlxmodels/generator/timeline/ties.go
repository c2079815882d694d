package timeline

import (
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

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
		var answers flow.Answers
		for i := range f.Packets {
			d, gap := f.Packets[i].Direction&1, GapBefore(f, i)
			if own := answers.First(d); own > 0 && answers.Next(d) {
				later[d] = append(later[d], [2]float64{LogGap(own), LogGap(gap)})
			}
			answers.Add(d, gap)
		}
		for d := range first {
			if own := answers.First(flow.Direction(d)); own > 0 {
				first[d] = append(first[d], LogGap(own))
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
