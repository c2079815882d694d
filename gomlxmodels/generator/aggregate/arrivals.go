package aggregate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// arrivals draw how soon each flow starts after the one before it, given how soon those
// before it did. The components of a mixture over whole summaries are kinds of flow, and
// a chain over a few of those knows little of that: the logarithms of the inter-flow times
// that it draws of the embedded HTTP correlate by 0.01 from one flow to the next, where
// the original's do by 0.45 and those of arrivals by 0.43.
//
// Scores are cut into parts of equal probability, and a chain looks back over six of
// those, as NeCSTGen's does over its labels (algorithm.md 10.2). Of many flows it knows,
// too, whether times are busy.
type arrivals struct {
	Chain *markov.Chain `json:"-"`     // over pace*Parts + part
	Parts int           `json:"parts"` // of a score

	// Balance is added to the logarithms of the labels' probabilities: both chains have a
	// say in which label a row gets, and together they would draw some too often.
	Balance []float64 `json:"balance"`
}

// Parts of a score and of a pace, flows that one part of a score has at least, flows that
// the chain looks back over, flows around each over which the pace is taken, and how
// many flows it takes to learn from that.
const (
	mostParts    = 16
	paceParts    = 4
	flowsPerPart = 40
	arrivalOrder = 6
	paceReach    = 32
	paceFlows    = 128 * paceReach
)

// fitArrivals learns a column of scores of inter-flow times.
func fitArrivals(scores []float64) (*arrivals, error) {
	a := &arrivals{Parts: max(1, min(mostParts, len(scores)/flowsPerPart))}
	labels := make([]int, len(scores))
	var pace []float64
	if len(scores) >= paceFlows {
		pace = ranks(paceOf(scores))
	}
	for i, score := range scores {
		labels[i] = min(a.Parts-1, int(distuv.UnitNormal.CDF(score)*float64(a.Parts)))
		if pace != nil {
			labels[i] += a.Parts * min(paceParts-1, int(pace[i]*paceParts))
		}
	}
	var err error
	a.Chain, err = markov.Fit(arrivalOrder, [][]int{labels})
	return a, err
}

// paceOf returns the mean of a column of scores over the flows around each. Without it
// the chain knows no busy and quiet times: the flows per 256 s of NeCSTGen's HTTP table
// have a variance of 2^15.2, those drawn without it 2^13.2, with it 2^14.4.
func paceOf(scores []float64) []float64 {
	pace := make([]float64, len(scores))
	for i := range pace {
		around := scores[max(0, i-paceReach):min(len(scores), i+paceReach+1)]
		for _, score := range around {
			pace[i] += score / float64(len(around))
		}
	}
	return pace
}

// ranks returns the fraction of the values that are smaller than each.
func ranks(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	r := make([]float64, len(values))
	for i, v := range values {
		at, _ := slices.BinarySearch(sorted, v)
		r[i] = float64(at) / float64(len(values))
	}
	return r
}

// Rows that are drawn to balance the labels, and how often.
const (
	balanceRows   = 1 << 13
	balanceRounds = 6
)

// balance finds Balance, so that labels are drawn as often as training has them.
func (m *mixtureChain) balance(src rand.Source) {
	m.Arrivals.Balance = make([]float64, len(m.Weights))
	for range balanceRounds {
		counts := make([]float64, len(m.Weights))
		rows, row := m.draws(src), []float64(nil)
		for range balanceRows {
			var k int
			row, k = rows.next(row)
			counts[k]++
		}
		for k, n := range counts {
			m.Arrivals.Balance[k] += math.Log(m.Weights[k] * balanceRows / max(1, n))
		}
	}
}

// arrivalChain draws one score after the other, without end.
type arrivalChain struct {
	a      *arrivals
	random *rand.Rand
	walk   markov.Walk
}

// draws returns what draws the scores.
func (a *arrivals) draws(random *rand.Rand) *arrivalChain {
	return &arrivalChain{a, random, a.Chain.Prior().Start()}
}

// next draws a score.
func (c *arrivalChain) next() float64 {
	k := draw.LogIndex(c.random, c.walk.LogProbabilities())
	c.walk.Step(k)
	const edge = 1e-9
	fraction := (float64(c.a.Chain.Labels()[k]%c.a.Parts) + c.random.Float64()) / float64(c.a.Parts)
	return distuv.UnitNormal.Quantile(min(max(fraction, edge), 1-edge))
}

// check refuses a chain that is not over the parts, or a balance of other labels.
func (a *arrivals) check(labelCount int) error {
	if labels := a.Chain.Labels(); len(a.Balance) != labelCount || a.Parts < 1 || a.Parts > mostParts || labels[0] < 0 || labels[len(labels)-1] >= a.Parts*paceParts {
		return fmt.Errorf("a chain over the arrivals %v in %d parts", labels, a.Parts)
	}
	return nil
}

// given conditions one Gaussian on its last entry: mean and deviation of that, and by
// how much the others move with it.
type given struct {
	mean, deviation float64
	slopes          []float64
}

// givenLast returns the conditioning of each component of the mixture.
func (m *mixtureChain) givenLast() ([]given, error) {
	all := make([]given, m.Mixture.Components())
	last := m.Mixture.Columns() - 1
	for k := range all {
		s, variance := m.Mixture.Covariances[k], m.Mixture.Covariances[k].At(last, last)
		if !(variance > 0) {
			return nil, errors.New("a component without variance")
		}
		all[k] = given{mean: m.Mixture.Means[k][last], deviation: math.Sqrt(variance), slopes: make([]float64, last)}
		for j := range last {
			all[k].slopes[j] = s.At(j, last) / variance
		}
	}
	return all, nil
}

// logDensity returns the logarithm of the density of the last entry, up to a constant.
func (g *given) logDensity(x float64) float64 {
	z := (x - g.mean) / g.deviation
	return -z*z/2 - math.Log(g.deviation)
}

// set sets the last entry of a row that was drawn from the Gaussian, and moves the others
// so that they are drawn given it: row + slopes (x - last) is of that distribution.
func (g *given) set(row []float64, x float64) {
	last := len(g.slopes)
	for j, slope := range g.slopes {
		row[j] += slope * (x - row[last])
	}
	row[last] = x
}

// lastOf returns the last column of x.
func lastOf(x *mat.Dense) []float64 {
	_, columns := x.Dims()
	return mat.Col(nil, columns-1, x)
}
