package aggregate

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// longLived are flows that last for much of the capture, as the devices that a
// gateway hears: most are there when it begins. Times between their starts would
// make a timeline that begins empty and fills up. So their starts are drawn as
// offsets from the capture's begin, jointly with the rest of the summary, and a
// timeline longer than the capture has one population after the other.
type longLived struct {
	Span  int64   `json:"span"`  // nanoseconds of the capture
	Flows float64 `json:"flows"` // that start in it
}

// longLivedShare is the part of the capture that the median flow lasts at least.
const longLivedShare = 0.25

// populationSlack is how far a population's size may be moved to the number of
// flows that was asked for.
const populationSlack = 0.25

// fitLongLived returns nil where flows come and go. It takes the summaries' time
// since the flow before, which it replaces by the offset in seconds.
func fitLongLived(x *mat.Dense, flows []*flow.Flow) *longLived {
	begin, end := flows[0].Start(), flows[0].Start()
	durations := make([]int64, len(flows))
	for i, f := range flows {
		begin, end = min(begin, f.Start()), max(end, timeline.End(f))
		durations[i] = int64(f.Duration())
	}
	slices.Sort(durations)
	if float64(durations[len(flows)/2]) < longLivedShare*float64(end-begin) || end == begin {
		return nil
	}
	r := &longLived{Span: end - begin, Flows: float64(len(flows))}
	var own, whole float64 // time between starts, of these flows and in the whole capture
	for i, f := range flows {
		if since := math.Pow(10, x.At(i, logArrival)); i > 0 && !math.IsNaN(since) {
			own += float64(f.Start()-flows[i-1].Start()) / 1e9
			whole += since
		}
		x.Set(i, logArrival, float64(f.Start()-begin)/1e9)
	}
	if own > whole && whole > 0 {
		r.Flows *= own / whole
	}
	return r
}

// starts draws the rows of one population after the other, and the seconds from the
// request's start to theirs.
func (l *longLived) starts(m *Model, r generator.Request, d *rowDrawer) func() (row func() []float64, seconds float64) {
	type arrival struct {
		row    []float64
		offset float64
	}
	var waiting []arrival
	drawn, cycle := 0, -1.0
	return func() (func() []float64, float64) {
		if len(waiting) == 0 {
			cycle++
			n := max(1, int(math.Round(l.Flows*r.Factor())))
			if left := r.Flows - drawn; r.Duration == 0 && math.Abs(float64(left-n)) < populationSlack*float64(n) {
				n = left // rather a few more or less than a second population of a few
			}
			drawn += n
			for range n {
				d.draw()
				row := slices.Clone(d.whole())
				waiting = append(waiting, arrival{row, m.arrival(row)})
			}
			slices.SortStableFunc(waiting, func(p, q arrival) int { return cmp.Compare(p.offset, q.offset) })
		}
		first := waiting[0]
		waiting = waiting[1:]
		return func() []float64 { return first.row }, cycle*float64(l.Span)/1e9 + first.offset
	}
}
