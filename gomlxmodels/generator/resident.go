package generator

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
)

// residents are flows that last for much of the capture, as the devices that a
// gateway hears: most are there when it begins. Times between their starts would
// make a timeline that begins empty and fills up. So their starts are drawn as
// offsets from the capture's begin, jointly with the rest of the shape, and a
// timeline longer than the capture has one population after the other.
type residents struct {
	Span  int64   `json:"span"`  // nanoseconds of the capture
	Flows float64 `json:"flows"` // that start in it
}

// residentShare is the part of the capture that the median flow lasts at least.
const residentShare = 0.25

// populationSlack is how far a population's size may be moved to the number of
// flows that was asked for.
const populationSlack = 0.25

// fitResidents is nil where flows come and go. It takes the shapes' time since
// the flow before, which it replaces by the offset in seconds.
func fitResidents(x *mat.Dense, flows []*flow.Flow) *residents {
	begin, end := flows[0].Start(), flows[0].Start()
	durations := make([]int64, len(flows))
	for i, f := range flows {
		begin, end = min(begin, f.Start()), max(end, f.Start()+int64(f.Duration()))
		durations[i] = int64(f.Duration())
	}
	slices.Sort(durations)
	if float64(durations[len(flows)/2]) < residentShare*float64(end-begin) || end == begin {
		return nil
	}
	r := &residents{Span: end - begin, Flows: float64(len(flows))}
	var own, whole float64 // time between starts, of these flows and in the whole capture
	for i, f := range flows {
		if i > 0 {
			own += float64(f.Start()-flows[i-1].Start()) / 1e9
			whole += math.Pow(10, x.At(i, shapeArrive))
		}
		x.Set(i, shapeArrive, float64(f.Start()-begin)/1e9)
	}
	if own > whole && whole > 0 {
		r.Flows *= own / whole
	}
	return r
}

// starts draws the rows of one population after the other, and their starts.
func (a *aggregate) residentStarts(r Request, next func() []float64) func() (shape []float64, at int64) {
	type arrival struct {
		shape  []float64
		offset float64
	}
	var waiting []arrival
	drawn, cycle := 0, int64(-1)
	return func() ([]float64, int64) {
		if len(waiting) == 0 {
			cycle++
			n := max(1, int(math.Round(a.Residents.Flows*r.factor())))
			if left := r.Flows - drawn; r.Duration == 0 && math.Abs(float64(left-n)) < populationSlack*float64(n) {
				n = left // rather a few more or less than a second population of a few
			}
			drawn += n
			for range n {
				shape := slices.Clone(next())
				waiting = append(waiting, arrival{shape, a.Scores[shapeArrive].value(shape[shapeArrive])})
			}
			slices.SortStableFunc(waiting, func(p, q arrival) int { return cmp.Compare(p.offset, q.offset) })
		}
		first := waiting[0]
		waiting = waiting[1:]
		return first.shape, r.Start + cycle*a.Residents.Span + a.round(first.offset)
	}
}

// followingStarts draws rows that follow each other at inter-flow times.
func (a *aggregate) followingStarts(r Request, next func() []float64) func() (shape []float64, at int64) {
	first, seconds := true, 0.0 // since the start, without the rounding of each gap
	return func() ([]float64, int64) {
		shape := next()
		if !first {
			seconds += math.Pow(10, a.Scores[shapeArrive].value(shape[shapeArrive])) / r.factor()
		}
		first = false
		return shape, r.Start + a.round(seconds)
	}
}

// round is seconds in nanoseconds, at the training's resolution.
func (a *aggregate) round(seconds float64) int64 {
	return int64(math.Round(seconds*1e9/float64(a.Resolution))) * a.Resolution
}

// shapesOf draws one row of scores after the other.
func (a *aggregate) shapesOf(seed uint64) func() []float64 {
	next := a.Shapes.draws(rand.NewPCG(seed, 0x706c616e))
	random := rand.New(rand.NewPCG(seed, 0x66616d))
	alone := make([]float64, len(a.Shapes.Shares)) // of the rows in no family, by label
	for k, share := range a.Shapes.Shares {
		alone[k] = share * a.Families.Alone[k]
	}
	var shape []float64
	return func() []float64 {
		var k int
		shape, k = next(shape)
		if !a.Families.draw(shape, k, a.Scores, random) {
			for j := range latentWidth {
				shape[j] = a.Families.rest(j, a.Shapes.below(j, shape[j], alone))
			}
		}
		shape[shapeArrive] = a.Shapes.level(shapeArrive, shape[shapeArrive])
		for j, s := range a.Scores {
			if len(s.Sorted) == 0 {
				shape[j] = 0 // as score has it
			}
		}
		return shape
	}
}
