package generator

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/datasets/flow"
)

// shapeNames are the numbers that describe a whole flow, as the aggregate level
// draws them; all but the last are given to every step of the network.
var shapeNames = [...]string{
	"log10 packets", "log10 forward payload", "log10 backward payload",
	"log10 duration", "median log10 gap", "largest log10 gap", "shortest log10 turn",
	"log10 inter-flow time",
}

const (
	shapeWidth  = len(shapeNames)
	shapeArrive = shapeWidth - 1 // the time since the flow before it started
	latentWidth = shapeWidth - 1
)

// shapeOf describes a flow; before is the start of the flow before it. A flow
// without gaps or turns has NaN there.
func shapeOf(f *flow.Flow, before int64) [shapeWidth]float64 {
	var payload [2]float64
	var gaps []float64
	turn, sinceTurn := math.NaN(), time.Duration(0)
	for i := range f.Packets {
		p := &f.Packets[i]
		payload[p.Direction&1] += float64(p.PayloadLength)
		if i == 0 {
			continue
		}
		gap := time.Duration(max(0, p.Time-f.Packets[i-1].Time))
		gaps = append(gaps, logGap(gap))
		sinceTurn += gap
		if p.Direction != f.Packets[i-1].Direction {
			if t := logGap(sinceTurn); math.IsNaN(turn) || t < turn {
				turn = t
			}
			sinceTurn = 0
		}
	}
	middle, largest, duration := math.NaN(), math.NaN(), math.NaN()
	if len(gaps) > 0 {
		slices.Sort(gaps)
		middle, largest, duration = gaps[len(gaps)/2], gaps[len(gaps)-1], logGap(f.Duration())
	}
	return [shapeWidth]float64{
		math.Log10(float64(len(f.Packets))), math.Log10(1 + payload[0]), math.Log10(1 + payload[1]),
		duration, middle, largest, turn,
		logGap(time.Duration(max(0, f.Start()-before))),
	}
}

// shapes describes flows in start order, [flows, shapeWidth]. before is the start
// of the flow before each, nil: of the flow before it in flows. The first flow's
// inter-flow time is the median of the others'.
func shapes(flows []*flow.Flow, before []int64) *mat.Dense {
	x := mat.NewDense(len(flows), shapeWidth, nil)
	for i, f := range flows {
		from := f.Start()
		switch {
		case before != nil:
			from = before[i]
		case i > 0:
			from = flows[i-1].Start()
		}
		row := shapeOf(f, from)
		x.SetRow(i, row[:])
	}
	if len(flows) > 1 {
		arrivals := mat.Col(nil, shapeArrive, x)[1:]
		slices.Sort(arrivals)
		x.Set(0, shapeArrive, arrivals[len(arrivals)/2])
	}
	return x
}

// normalScores maps one column to standard normal quantiles by rank and back, so
// that a mixture of Gaussians fits any marginal and draws back inside its range.
type normalScores struct {
	Sorted []float64 `json:"sorted"` // known training values, ascending
}

// fitNormalScores learns a column; NaN values are left out. A column without any
// value maps everything to 0.
func fitNormalScores(column []float64) normalScores {
	var known []float64
	for _, value := range column {
		if !math.IsNaN(value) {
			known = append(known, value)
		}
	}
	slices.Sort(known)
	return normalScores{Sorted: known}
}

// score is the normal quantile of a value's rank. Among equal values the rank is
// drawn, so that a column of few values has no point masses; NaN gets any rank.
func (n normalScores) score(value float64, random *rand.Rand) float64 {
	size := len(n.Sorted)
	if size == 0 {
		return 0
	}
	low, high := 0, size
	if !math.IsNaN(value) {
		low = sort.SearchFloat64s(n.Sorted, value)
		high = sort.Search(size, func(i int) bool { return n.Sorted[i] > value })
	}
	rank := float64(low) + random.Float64()*max(1, float64(high-low))
	return distuv.UnitNormal.Quantile(min(max(rank/float64(size), 0.5/float64(size)), 1-0.5/float64(size)))
}

// value is the training quantile of a normal score, interpolated.
func (n normalScores) value(score float64) float64 {
	if len(n.Sorted) == 0 {
		return math.NaN()
	}
	at := distuv.UnitNormal.CDF(score) * float64(len(n.Sorted)-1)
	i := min(int(at), len(n.Sorted)-1)
	if i+1 >= len(n.Sorted) {
		return n.Sorted[i]
	}
	return n.Sorted[i] + (at-float64(i))*(n.Sorted[i+1]-n.Sorted[i])
}
