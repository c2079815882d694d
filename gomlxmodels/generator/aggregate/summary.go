package aggregate

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// The numbers that describe a whole flow, in this order.
const (
	logPackets = iota
	logForward
	logBackward
	logDuration
	medianGap
	largestGap
	roundTrip
	logArrival // log10 seconds since the start of the flow before

	summaryWidth
)

// LatentWidth is how many of these numbers the sampled network is given with every
// packet of a flow: all but the last. The first TargetCount of them are totals that
// packets add up to.
const (
	LatentWidth = summaryWidth - 1
	TargetCount = logDuration + 1
)

// summaryNames name the numbers in files.
var summaryNames = [summaryWidth]string{
	"log10 packets", "log10 forward payload", "log10 backward payload",
	"log10 duration", "median log10 gap", "largest log10 gap", "log10 round trip",
	"log10 inter-flow time",
}

// LatentNames are the names of the numbers of a flow's latent, in their order.
func LatentNames() []string { return slices.Clone(summaryNames[:LatentWidth]) }

// summaryOf describes a flow whose far end, if there is one, sends in direction far. A flow
// without gaps or turns has NaN there.
func summaryOf(f *flow.Flow, far flow.Direction, tied bool) [summaryWidth]float64 {
	var payload [2]float64
	var gaps []float64
	var turns timeline.Turns
	turn, sinceTurn := math.NaN(), time.Duration(0)
	for i := range f.Packets {
		p := &f.Packets[i]
		payload[p.Direction&1] += float64(p.PayloadLength)
		gap := timeline.GapBefore(f, i)
		turns.Add(p.Direction, gap)
		if i == 0 {
			continue
		}
		gaps = append(gaps, timeline.LogGap(gap))
		sinceTurn += gap
		if p.Direction != f.Packets[i-1].Direction {
			if t := timeline.LogGap(sinceTurn); math.IsNaN(turn) || t < turn {
				turn = t
			}
			sinceTurn = 0
		}
	}
	if log, known := turns.First(far); tied && known {
		turn = log
	} else if tied {
		turn = math.NaN()
	}
	middle, largest, duration := math.NaN(), math.NaN(), math.NaN()
	if len(gaps) > 0 {
		slices.Sort(gaps)
		middle, largest, duration = gaps[len(gaps)/2], gaps[len(gaps)-1], timeline.LogGap(f.Duration())
	}
	arrival := math.NaN()
	if since := max(0, f.Start()-f.Before); timeline.Believed(since) {
		arrival = timeline.LogGap(time.Duration(since))
	}
	return [summaryWidth]float64{
		math.Log10(float64(len(f.Packets))), math.Log10(1 + payload[flow.Forward]), math.Log10(1 + payload[flow.Backward]),
		duration, middle, largest, turn, arrival,
	}
}

// Summaries describe flows in start order, [flows, LatentWidth+1]. The last column
// is the time since the flow before started; that of the first flow is the median of
// the others'. The round trip is the first gap before an answer of the end that is far from
// the capture; where no end is, the shortest time from one change of direction to the next.
func Summaries(flows []*flow.Flow) *mat.Dense {
	x := mat.NewDense(len(flows), summaryWidth, nil)
	ties := timeline.FitTies(flows)
	far, tied := ties.Far()
	for i, f := range flows {
		row := summaryOf(f, far, tied)
		x.SetRow(i, row[:])
	}
	if len(flows) > 1 {
		x.Set(0, logArrival, median(mat.Col(nil, logArrival, x)[1:]))
	}
	return x
}

// whole makes the summaries of flows of which a part is at hand, their first packets,
// those of whole flows: as many more packets, bytes and seconds.
func whole(x *mat.Dense, part float64) {
	n, _ := x.Dims()
	for i := range n {
		x.Set(i, logPackets, x.At(i, logPackets)-math.Log10(part))
		x.Set(i, logDuration, x.At(i, logDuration)-math.Log10(part))
		for _, j := range []int{logForward, logBackward} {
			x.Set(i, j, math.Log10(1+(math.Pow(10, x.At(i, j))-1)/part))
		}
	}
}

// Summaries describe flows as those that the model was fitted to.
func (m *Model) Summaries(flows []*flow.Flow) *mat.Dense {
	x := Summaries(flows)
	if m.Part > 0 {
		whole(x, m.Part)
	}
	return x
}

// median returns the middle of the values that are known, NaN if none is.
func median(values []float64) float64 {
	values = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[len(values)/2]
}
