package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
)

// AggregateRow is what the aggregate level knows of a flow.
type AggregateRow struct {
	Packets int64   // of the flow, at least 1
	Gap     float64 // seconds since the start of the flow before, at least 0; of no meaning in a table's first row
	Start   int64   // nanoseconds since 1970-01-01 UTC; only of drawn rows
}

// AggregateRows takes the rows of a flow table, which are in start order.
func AggregateRows(table iter.Seq2[flow.TableRow, error]) ([]AggregateRow, error) {
	var rows []AggregateRow
	for r, err := range table {
		if err != nil {
			return nil, fmt.Errorf("generator: flow table: %w", err)
		}
		rows = append(rows, AggregateRow{Packets: r.Packets, Gap: r.TimeDiff})
	}
	return rows, nil
}

// AggregateConfig says how an Aggregate is fitted. DefaultAggregateConfig gives
// the values in brackets.
type AggregateConfig struct {
	Kind  string     // KindSampled or KindPaper [KindSampled]
	GMM   gmm.Config // over the scaled rows [by BIC, at most 25]
	Order int        // components that the chain looks back [6: NeCSTGen's window of 7]
	Seed  uint64     // of starts and ranks
}

// DefaultAggregateConfig is the configuration of one of the two kinds.
func DefaultAggregateConfig(kind string) AggregateConfig {
	c := AggregateConfig{Kind: kind, GMM: gmm.DefaultConfig(), Order: 6}
	c.GMM.Patience = 4
	return c
}

// MinRows is the least number of rows that an Aggregate learns from.
const MinRows = MinFlows

// Aggregate draws the sizes of flows and the times between their starts, learnt
// from a flow table (algorithm.md section 10): a mixture of Gaussians over the
// scaled rows (log10 packets, log10 gap), and a chain over its components.
//
// The kind paper scales to 0..1 between the least and the greatest logarithm
// (10.1); what is drawn is clipped to that and counts are rounded (D30), EM goes
// on to convergence (D44), gaps are gaps (D32). The kind sampled scales by rank
// to a normal distribution, so that its marginals are the table's.
type Aggregate struct {
	Kind    string
	Scales  []scale // log10 packets, log10 seconds of the gap, of many rows their pace
	Rows    *rowChain
	Between float64 // mean seconds between starts
}

// FitAggregate learns rows in start order.
func FitAggregate(ctx context.Context, b compute.Backend, cfg AggregateConfig, rows []AggregateRow, warn func(error)) (*Aggregate, error) {
	if cfg.Kind != KindPaper && cfg.Kind != KindSampled {
		return nil, fmt.Errorf("generator: aggregate: unknown kind %q: want %s or %s", cfg.Kind, KindSampled, KindPaper)
	}
	if err := checkRows(rows); err != nil {
		return nil, err
	}
	a := &Aggregate{Kind: cfg.Kind}
	random := rand.New(rand.NewPCG(cfg.Seed, 0x7461))
	columns := logColumns(rows)
	if cfg.Kind == KindPaper {
		columns[0] = spreadCounts(rows, random)
	}
	for _, r := range rows[1:] {
		a.Between += r.Gap / float64(len(rows)-1)
	}
	for _, column := range columns {
		a.Scales = append(a.Scales, fitScale(cfg.Kind, column))
	}
	if cfg.Kind == KindSampled && len(rows) >= paceFlows {
		columns = append(columns, paceOf(columns[1]))
		a.Scales = append(a.Scales, fitScale(cfg.Kind, columns[2]))
	}
	if cfg.GMM.Components == 0 { // a chain over few components has little to remember
		cfg.GMM.MinComponents = max(cfg.GMM.MinComponents, min(cfg.GMM.MaxComponents, chainParts, len(rows)/rowsPerPart))
	}
	x := scaled(a.Scales, columns, random)
	var err error
	if a.Rows, err = fitRows(ctx, b, x, cfg.GMM, cfg.Order, rand.NewPCG(cfg.Seed, 0x726f77)); err != nil {
		return nil, fmt.Errorf("generator: aggregate: %w", err)
	}
	if warn != nil {
		for _, w := range a.Rows.Mixture.Warnings {
			warn(w)
		}
	}
	return a, nil
}

// The least number of components that BIC may choose from, and the rows that each
// of them should have.
const (
	chainParts  = 16
	rowsPerPart = 100
)

// checkRows names the first row that cannot be learnt.
func checkRows(rows []AggregateRow) error {
	if len(rows) < MinRows {
		return fmt.Errorf("generator: aggregate: a table of %d flows: want at least %d", len(rows), MinRows)
	}
	for i, r := range rows {
		if r.Packets < 1 {
			return fmt.Errorf("generator: aggregate: row %d has %d packets: want at least 1", i, r.Packets)
		}
		if i > 0 && !(r.Gap >= 0 && r.Gap <= maxGap) {
			return fmt.Errorf("generator: aggregate: row %d starts %v s after the one before: want 0 to %g; rows must be in start order", i, r.Gap, float64(maxGap))
		}
	}
	return nil
}

// maxGap is ten years in seconds: what is longer is a wrong unit.
const maxGap = 10 * 365 * 86400

// logColumns are log10 of the packets and of the gaps. A gap of 0 counts as the
// least positive one (D20); the first row, which has none, gets the median.
func logColumns(rows []AggregateRow) [][]float64 {
	columns := [][]float64{make([]float64, len(rows)), make([]float64, len(rows))}
	least := math.Inf(1)
	for _, r := range rows[1:] {
		if r.Gap > 0 {
			least = min(least, r.Gap)
		}
	}
	if math.IsInf(least, 1) {
		least = shortestGap
	}
	for i, r := range rows {
		columns[0][i] = math.Log10(float64(r.Packets))
		columns[1][i] = math.Log10(max(least, r.Gap))
	}
	sorted := slices.Sorted(slices.Values(columns[1][1:]))
	columns[1][0] = sorted[len(sorted)/2]
	return columns
}

// spreadCounts is log10 of the packets, each count spread evenly over the unit
// that rounds to it. Without that the components of the likeliest mixture are the
// frequent counts, a few thousandths wide, and none is left for the gaps: their
// Kolmogorov-Smirnov distance on NeCSTGen's HTTP table is then 0.03 to 0.10.
func spreadCounts(rows []AggregateRow, random *rand.Rand) []float64 {
	column := make([]float64, len(rows))
	for i, r := range rows {
		column[i] = math.Log10(float64(r.Packets) + 0.998*(random.Float64()-0.5))
	}
	return column
}

// Draw yields rows in start order, as many as the request asks for. The first
// starts with the request and has no gap.
func (a *Aggregate) Draw(ctx context.Context, r Request) iter.Seq2[AggregateRow, error] {
	return func(yield func(AggregateRow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(AggregateRow{}, err)
			return
		}
		next := a.Rows.draws(rand.NewPCG(r.Seed, 0x61676772))
		var row []float64
		seconds := 0.0 // since the start, without the rounding of each gap
		for n := int64(0); ; n++ {
			if err := ctx.Err(); err != nil {
				yield(AggregateRow{}, err)
				return
			}
			row, _ = next(row)
			out := AggregateRow{Packets: max(1, int64(math.Round(math.Pow(10, a.value(0, row[0])))))}
			if n > 0 {
				out.Gap = math.Pow(10, a.value(1, row[1])) / r.factor()
			}
			seconds += out.Gap
			out.Start = r.Start + int64(math.Round(seconds*1e9))
			if !r.within(n, out.Start) || !yield(out, nil) {
				return
			}
		}
	}
}

// value is what column j of a drawn row stands for.
func (a *Aggregate) value(j int, drawn float64) float64 {
	if a.Kind == KindSampled {
		drawn = a.Rows.level(j, drawn)
	}
	return a.Scales[j].value(drawn)
}

// tableFile is aggregate.json of Aggregate.
type tableFile struct {
	Kind    string    `json:"kind"`
	Scales  []scale   `json:"scales"`
	Shares  []float64 `json:"shares"`
	Between float64   `json:"between"`
}

// Save writes the aggregate level into dir.
func (a *Aggregate) Save(dir string) error {
	about := tableFile{a.Kind, a.Scales, a.Rows.Shares, a.Between}
	return writeParts(dir, part{aggregateName, writeJSON(about)}, part{shapesName, a.Rows.Mixture.Save}, part{arrivalsName, a.Rows.Chain.Save})
}

// LoadAggregate reads what Save wrote.
func LoadAggregate(dir string) (*Aggregate, error) {
	var about tableFile
	if err := readJSON(dir, aggregateName, &about); err != nil {
		return nil, err
	}
	a := &Aggregate{Kind: about.Kind, Scales: about.Scales, Between: about.Between}
	if len(a.Scales) < 2 || len(a.Scales) > 3 || a.Kind != KindSampled && a.Kind != KindPaper {
		return nil, fmt.Errorf("generator: load %s: kind %q with %d columns: not of this version", aggregateName, a.Kind, len(a.Scales))
	}
	for _, s := range a.Scales {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("generator: load %s: %w", aggregateName, err)
		}
	}
	var err error
	if a.Rows, err = loadRows(dir, about.Shares); err != nil {
		return nil, err
	}
	if got := a.Rows.Mixture.Columns(); got != len(a.Scales) {
		return nil, fmt.Errorf("generator: load %s: a mixture over %d columns: want %d", dir, got, len(a.Scales))
	}
	return a, nil
}
