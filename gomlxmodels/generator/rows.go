package generator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// rowChain draws rows of scaled numbers in the order of flow starts: a component
// by a chain over those of the rows before, and a point from its Gaussian.
type rowChain struct {
	Mixture *gmm.Model
	Chain   *markov.Chain // over the components of Mixture
	Shares  []float64     // of the rows, by label of Chain

	rows []int // the label of each row of the fit, as an index of the chain's labels; not saved
}

// fitRows fits mixture and chain to the rows of x, which are in start order.
func fitRows(ctx context.Context, b compute.Backend, x *mat.Dense, cfg gmm.Config, order int, src rand.Source) (*rowChain, error) {
	m := new(rowChain)
	var err error
	if m.Mixture, err = gmm.Fit(ctx, b, x, cfg, src); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	labels := make([]int, n)
	for i := range labels {
		labels[i] = m.Mixture.Label(x.RawRowView(i))
	}
	if m.Chain, err = markov.Fit(order, [][]int{labels}); err != nil {
		return nil, err
	}
	m.Shares = make([]float64, len(m.Chain.Labels()))
	index := make(map[int]int)
	for i, label := range m.Chain.Labels() {
		index[label] = i
	}
	m.rows = make([]int, n)
	for i, label := range labels {
		m.rows[i] = index[label]
		m.Shares[index[label]] += 1 / float64(n)
	}
	return m, nil
}

// Flows before and after a flow over which paceOf looks, and how many flows it
// takes to learn from that.
const (
	paceReach = 32
	paceFlows = 128 * paceReach
)

// paceOf is the mean of a column of inter-flow times over the flows around each.
// As one more column of the mixture, which nothing reads when rows are drawn, it
// makes components of busy and of quiet times, and the chain keeps to them: the
// flows per 256 s of NeCSTGen's HTTP table have a variance of 2^15.2, those drawn
// without it 2^13.2, with it 2^14.4.
func paceOf(column []float64) []float64 {
	pace := make([]float64, len(column))
	for i := range pace {
		around := column[max(0, i-paceReach):min(len(column), i+paceReach+1)]
		for _, value := range around {
			pace[i] += value / float64(len(around))
		}
	}
	return pace
}

// draws gives one row after the other, without end, and the index of its label.
func (m *rowChain) draws(src rand.Source) func(dst []float64) (row []float64, label int) {
	random := rand.New(src)
	parts := m.Chain.Labels()
	walk := m.Chain.Prior().Start()
	return func(dst []float64) ([]float64, int) {
		k := drawLog(random, walk.LogProbabilities())
		walk.Step(k)
		return m.Mixture.SampleComponent(dst, parts[k], src), k
	}
}

// below is the share of drawn rows whose value j is less than value, where a label
// comes up with the share given.
func (m *rowChain) below(j int, value float64, shares []float64) float64 {
	var sum, all float64
	for i, label := range m.Chain.Labels() {
		deviation := math.Sqrt(m.Mixture.Covariances[label].At(j, j))
		sum += shares[i] * distuv.UnitNormal.CDF((value-m.Mixture.Means[label][j])/deviation)
		all += shares[i]
	}
	const edge = 1e-12
	return min(max(sum/max(all, edge), edge), 1-edge)
}

// level takes value j of a drawn row to the standard normal score of the same
// rank: what the components together make of a column is close to a standard
// normal but not equal to it, and the difference would be seen in every marginal.
func (m *rowChain) level(j int, value float64) float64 {
	return distuv.UnitNormal.Quantile(m.below(j, value, m.Shares))
}

// drawLog draws an index from unnormalised log-probabilities.
func drawLog(random *rand.Rand, logs []float32) int {
	var total float64
	for _, l := range logs {
		total += math.Exp(float64(l))
	}
	u := random.Float64() * total
	for i, l := range logs {
		if u -= math.Exp(float64(l)); u < 0 {
			return i
		}
	}
	return len(logs) - 1
}

// check refuses parts that do not belong together.
func (m *rowChain) check() error {
	if len(m.Shares) != len(m.Chain.Labels()) {
		return fmt.Errorf("%d shares for %d labels", len(m.Shares), len(m.Chain.Labels()))
	}
	for _, label := range m.Chain.Labels() {
		if label < 0 || label >= m.Mixture.Components() {
			return fmt.Errorf("label %d for a mixture of %d components", label, m.Mixture.Components())
		}
	}
	return nil
}

// scaled is the columns in the units of a mixture, [rows, columns].
func scaled[S interface {
	score(value float64, random *rand.Rand) float64
}](scales []S, columns [][]float64, random *rand.Rand) *mat.Dense {
	x := mat.NewDense(len(columns[0]), len(columns), nil)
	for j, column := range columns {
		for i, value := range column {
			x.Set(i, j, scales[j].score(value, random))
		}
	}
	return x
}

// loadRows reads the mixture and the chain of dir.
func loadRows(dir string, shares []float64) (*rowChain, error) {
	m := &rowChain{Shares: shares}
	var err error
	if m.Mixture, err = readWith(dir, shapesName, gmm.Load); err != nil {
		return nil, err
	}
	if m.Chain, err = readWith(dir, arrivalsName, markov.Load); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("generator: load %s: %w", dir, err)
	}
	return m, nil
}
