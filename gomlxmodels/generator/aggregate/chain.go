package aggregate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// mixtureChain draws rows of scaled numbers in the order of flow starts: a component
// by a chain over those of the rows before, and a point from its Gaussian.
type mixtureChain struct {
	Mixture *gmm.Model
	Chain   *markov.Chain // over the components of Mixture
	Weights []float64     // fraction of the rows, by label of Chain

	// Arrivals draw the last number of each row first, its component is one to which
	// that belongs, and the rest of the row goes with it. nil: the chain over components
	// draws all.
	Arrivals *arrivals

	given []given // with Arrivals: each component given the last number; not saved
	rows  []int   // the label of each row of the fit, as an index of the chain's labels; not saved
}

// fitMixtureChain fits mixture and chain to the rows of x, which are in start order.
func fitMixtureChain(ctx context.Context, b compute.Backend, x *mat.Dense, d design, src rand.Source) (*mixtureChain, error) {
	m := new(mixtureChain)
	var err error
	if m.Mixture, err = gmm.Fit(ctx, b, evenlySpaced(x, d.rows), d.mixture, src); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	labels := make([]int, n)
	for i := range labels {
		labels[i] = m.Mixture.Label(x.RawRowView(i))
	}
	if m.Chain, err = markov.Fit(d.order, [][]int{labels}); err != nil {
		return nil, err
	}
	m.Weights = make([]float64, len(m.Chain.Labels()))
	index := make(map[int]int)
	for i, label := range m.Chain.Labels() {
		index[label] = i
	}
	m.rows = make([]int, n)
	for i, label := range labels {
		m.rows[i] = index[label]
		m.Weights[index[label]] += 1 / float64(n)
	}
	return m, nil
}

// evenlySpaced returns at most so many rows of x, evenly spaced; all of them where most
// is 0.
func evenlySpaced(x *mat.Dense, most int) *mat.Dense {
	n, columns := x.Dims()
	if most == 0 || n <= most {
		return x
	}
	some := mat.NewDense(most, columns, nil)
	for i := range most {
		some.SetRow(i, x.RawRowView(i*n/most))
	}
	return some
}

// rowChain draws one row after the other, without end.
type rowChain struct {
	m        *mixtureChain
	src      rand.Source
	random   *rand.Rand
	walk     markov.Walk
	arrivals *arrivalChain // nil: the chain over components draws all
	weights  []float32
}

// draws returns what draws the rows of a source.
func (m *mixtureChain) draws(src rand.Source) *rowChain {
	c := &rowChain{m: m, src: src, random: rand.New(src), walk: m.Chain.Prior().Start()}
	if m.Arrivals != nil {
		c.arrivals, c.weights = m.Arrivals.draws(c.random), make([]float32, len(m.Chain.Labels()))
	}
	return c
}

// next draws a row, and returns the index of its label.
func (c *rowChain) next(dst []float64) (row []float64, label int) {
	m, components := c.m, c.m.Chain.Labels()
	if c.arrivals == nil {
		k := draw.LogIndex(c.random, c.walk.LogProbabilities())
		c.walk.Step(k)
		return m.Mixture.SampleComponent(dst, components[k], c.src), k
	}
	arrival, greatest := c.arrivals.next(), math.Inf(-1)
	logs := c.walk.LogProbabilities()
	for i, component := range components {
		greatest = max(greatest, float64(logs[i])+m.given[component].logDensity(arrival)+m.Arrivals.Balance[i])
	}
	for i, component := range components {
		c.weights[i] = float32(float64(logs[i]) + m.given[component].logDensity(arrival) + m.Arrivals.Balance[i] - greatest)
	}
	k := draw.LogIndex(c.random, c.weights)
	c.walk.Step(k)
	dst = m.Mixture.SampleComponent(dst, components[k], c.src)
	m.given[components[k]].set(dst, arrival)
	return dst, k
}

// nodes returns where the walks are.
func (c *rowChain) nodes() []int32 {
	if c.arrivals == nil {
		return []int32{c.walk.Node()}
	}
	return []int32{c.walk.Node(), c.arrivals.walk.Node()}
}

// resume moves the walks to where they were.
func (c *rowChain) resume(nodes []int32) error {
	want := len(c.nodes())
	if len(nodes) != want {
		return fmt.Errorf("generator: resume of %d chains: want %d", len(nodes), want)
	}
	var err error
	if c.walk, err = c.m.Chain.Prior().Resume(nodes[0]); err != nil || c.arrivals == nil {
		return err
	}
	c.arrivals.walk, err = c.m.Arrivals.Chain.Prior().Resume(nodes[1])
	return err
}

// below returns the fraction of drawn rows whose number j is less than value, where a
// label comes up with the weight given.
func (m *mixtureChain) below(j int, value float64, weights []float64) float64 {
	var sum, all float64
	for i, label := range m.Chain.Labels() {
		deviation := math.Sqrt(m.Mixture.Covariances[label].At(j, j))
		sum += weights[i] * distuv.UnitNormal.CDF((value-m.Mixture.Means[label][j])/deviation)
		all += weights[i]
	}
	const edge = 1e-12
	return min(max(sum/max(all, edge), edge), 1-edge)
}

// level takes number j of a drawn row to the standard normal score of the same
// rank: what the components together make of a column is close to a standard
// normal but not equal to it, and the difference would be seen in every marginal.
func (m *mixtureChain) level(j int, value float64) float64 {
	return distuv.UnitNormal.Quantile(m.below(j, value, m.Weights))
}

// check refuses parts that do not belong together.
func (m *mixtureChain) check() error {
	if len(m.Weights) != len(m.Chain.Labels()) {
		return fmt.Errorf("%d weights for %d labels", len(m.Weights), len(m.Chain.Labels()))
	}
	for _, label := range m.Chain.Labels() {
		if label < 0 || label >= m.Mixture.Components() {
			return fmt.Errorf("label %d for a mixture of %d components", label, m.Mixture.Components())
		}
	}
	if m.Arrivals != nil {
		return m.Arrivals.check(len(m.Weights))
	}
	return nil
}
