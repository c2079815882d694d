// Package aggregate is the aggregate level (algorithm.md section 10): when flows
// start, and what each is like as a whole.
//
//	Stage          learns it, as a stage; TableStage does of a table of flows
//	Columns        what is learnt of a flow: sampled's summary, or NeCSTGen's two numbers
//	Model          what was learnt; Specs gives one flow after the other to whoever draws
//	               its packets, and Draw a table of flows
//
// A mixture of Gaussians over the columns of whole flows (packets, bytes, duration,
// gaps, time since the flow before) and a chain over its components in start order
// draw when each flow starts and what it is like. Flows whose totals repeat, and
// flows that last for much of the capture, are treated apart.
package aggregate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	_ "github.com/gomlx/compute/gobackend" // it is fitted on it
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
)

// Columns names what is learnt of a flow, and how.
type Columns string

// The choices.
const (
	// Summary is all that describes a flow, each column by rank.
	Summary Columns = "summary"
	// PacketsAndGap are NeCSTGen's: log10 packets and log10 seconds since the flow
	// before, each from 0 to 1 between the least and the greatest (10.1). What is
	// drawn is clipped to that and counts are rounded (D30), EM goes on to
	// convergence (D44), gaps are gaps (D32), and the chain looks back over six flows:
	// NeCSTGen's window of seven.
	PacketsAndGap Columns = "packets and gap"
	// RankedPacketsAndGap are the same two numbers by rank, which is all that a table of
	// flows tells of a summary.
	RankedPacketsAndGap Columns = "packets and gap by rank"
)

// design says how columns are fitted.
type design struct {
	columns []int // of a summary; the last is the inter-flow time
	byRange bool  // scaled by least and greatest, not by rank
	order   int   // components that the chain looks back
	rows    int   // most rows that the mixture is fitted to; 0: all
	mixture gmm.Config
}

// The mixture over summaries has some components at most, each of which costs 44
// parameters in 8 dimensions, so a few hundred flows carry no more, and it is fitted to
// flowsAtMost of them, evenly spaced: 70,000 flows of one packet took 28 s to learn when
// it was fitted to all, and 9 s with these, on one busy machine. The chain is over all flows. That over two
// numbers has some at least, where BIC chooses: a chain over few components has little
// to remember; each should have some rows, and of a few flows none is a component.
const (
	maxSummaryParts   = 12
	summaryIterations = 200
	flowsAtMost       = 1 << 14
	chainParts        = 16
	rowsPerPart       = 100
	rowsAtLeast       = 4
)

// designOf returns how the columns of n flows are fitted.
func (c Columns) designOf(n int) design {
	mixture := gmm.DefaultConfig()
	if c != Summary {
		mixture.Patience = 4
		mixture.MinComponents = max(1, min(chainParts, n/rowsPerPart))
		mixture.MaxComponents = min(mixture.MaxComponents, max(1, n/rowsAtLeast))
		return design{columns: []int{logPackets, logArrival}, byRange: c == PacketsAndGap, order: 6, mixture: mixture}
	}
	mixture.MaxIterations, mixture.MaxComponents = summaryIterations, min(maxSummaryParts, max(1, n/(4*summaryWidth)))
	all := make([]int, summaryWidth)
	for j := range all {
		all[j] = j
	}
	return design{columns: all, order: 2, rows: flowsAtMost, mixture: mixture}
}

// Model is a fitted aggregate level.
type Model struct {
	Names      []string       // of the columns
	Scales     []scale        // of the columns
	Rows       *mixtureChain  // over the scaled columns, in start order
	Repeated   *repeatedFlows // nil: totals are drawn as everything else
	LongLived  *longLived     // nil: flows come and go
	Resolution int64          // nanoseconds of which starts are multiples
	Between    float64        // mean seconds between starts
	Part       float64        // of each flow's packets that was learnt; 0: all
	Warnings   []error
}

// Fit learns flows, which are in start order and know the start of the flow before
// them; part is the fraction of each flow's packets that they have, its first, 0: all. It
// computes on the Go backend: compiling EM in eight dimensions takes XLA longer than all
// its work (1,692 flows, up to 12 components: XLA 28 to 38 s, Go 3 s on the same two
// cores).
func Fit(ctx context.Context, c Columns, flows []*flow.Flow, part float64, seed uint64) (*Model, error) {
	d := c.designOf(len(flows))
	m := &Model{Resolution: timeline.Resolution(flows), Part: part}
	x := m.Summaries(flows)
	m.Between = between(x)
	if !d.byRange {
		m.LongLived = fitLongLived(x, flows)
	}
	return m, m.fit(ctx, d, x, seed)
}

// between returns the mean seconds between starts.
func between(x *mat.Dense) float64 {
	sum, known := 0.0, 0
	for _, log := range mat.Col(nil, logArrival, x) {
		if !math.IsNaN(log) {
			sum, known = sum+math.Pow(10, log), known+1
		}
	}
	return max(timeline.ShortestGap, sum/max(1, float64(known)))
}

// fit learns the rows of x, of which the design picks columns.
func (m *Model) fit(ctx context.Context, d design, x *mat.Dense, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0x7368))
	var columns [][]float64
	for _, j := range d.columns {
		column := mat.Col(nil, j, x)
		if d.byRange {
			spread(column, j, random)
		}
		columns = append(columns, column)
		m.Names, m.Scales = append(m.Names, summaryNames[j]), append(m.Scales, fitScale(d.byRange, column))
	}
	scores := scaled(m.Scales, columns, random)
	b, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return fmt.Errorf("generator: aggregate: %w", err)
	}
	defer b.Close()
	if m.Rows, err = fitMixtureChain(ctx, b.Backend, scores, d, rand.NewPCG(seed, 0x73686770)); err != nil {
		return fmt.Errorf("generator: aggregate: %w", err)
	}
	m.Warnings = m.Rows.Mixture.Warnings
	if !d.byRange && m.LongLived == nil {
		if m.Rows.Arrivals, err = fitArrivals(lastOf(scores)); err == nil {
			m.Rows.given, err = m.Rows.givenLast()
		}
		if err == nil {
			m.Rows.balance(rand.NewPCG(seed, 0x62616c))
		}
		if err != nil {
			return fmt.Errorf("generator: aggregate: %w", err)
		}
	}
	if len(d.columns) == summaryWidth {
		m.Repeated = fitRepeated(x, scores, m.Rows.rows, len(m.Rows.Weights))
	}
	return nil
}

// spread makes a column fit for a mixture over ranges. Each count of packets is
// spread evenly over the unit that rounds to it: without that the components of the
// likeliest mixture are the frequent counts, a few thousandths wide, and none is left
// for the gaps: their Kolmogorov-Smirnov distance on NeCSTGen's HTTP table is then
// 0.03 to 0.10. A gap of 0 counts as the least positive one (D20).
func spread(column []float64, j int, random *rand.Rand) {
	if j == logPackets {
		for i, log := range column {
			column[i] = math.Log10(math.Round(math.Pow(10, log)) + 0.998*(random.Float64()-0.5))
		}
		return
	}
	zero, least := math.Log10(timeline.ShortestGap), math.Inf(1)
	for _, log := range column {
		if log > zero {
			least = min(least, log)
		}
	}
	for i, log := range column {
		if log <= zero && !math.IsInf(least, 1) {
			column[i] = least
		}
	}
}

// PacketsPerFlow returns the mean and the greatest number of packets of the flows
// learnt.
func (m *Model) PacketsPerFlow() (mean, longest float64) {
	sizes := m.Scales[logPackets].Sorted
	for _, size := range sizes {
		packets := math.Pow(10, size)
		mean += packets / float64(len(sizes))
		longest = max(longest, packets)
	}
	return mean, longest
}
