package generator

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

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
