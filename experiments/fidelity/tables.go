package fidelity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// flowTable is what the scores look at in a table of flows, taken once.
type flowTable struct {
	rows          []flow.TableRow // by start
	clock         clock
	packets       []float64 // one a flow, as the next three; sorted
	bytes         []float64 // none where the table has none
	logPackets    []float64
	logBytes      []float64
	gaps          []float64 // seconds from a flow's start to the next one's, sorted
	logGaps       []float64 // log10 of these, at least 1 us, sorted
	orderedGaps   []float64 // the same in time order
	starts        Series    // flows in each second from the first on
	span          int64     // nanoseconds from the first start to the last
	seed          uint64
	bytesAreKnown bool
}

// newFlowTable takes what the scores look at from rows in start order.
func newFlowTable(rows []flow.TableRow, c clock, seed uint64) *flowTable {
	t := &flowTable{rows: rows, clock: c, seed: seed, bytesAreKnown: true}
	for i := range rows {
		r := &rows[i]
		t.packets = append(t.packets, float64(r.Packets))
		t.logPackets = append(t.logPackets, math.Log10(float64(max(1, r.Packets))))
		t.bytes = append(t.bytes, float64(r.Length))
		t.logBytes = append(t.logBytes, math.Log10(float64(max(1, r.Length))))
		t.bytesAreKnown = t.bytesAreKnown && r.Length > 0
		t.starts.Add((r.Start-rows[0].Start)/rateBin, 1)
		if i > 0 {
			gap := r.Start - rows[i-1].Start
			t.gaps = append(t.gaps, float64(gap)/1e9)
			t.orderedGaps = append(t.orderedGaps, c.logSeconds(gap))
		}
	}
	if !t.bytesAreKnown {
		t.bytes, t.logBytes = nil, nil
	}
	t.logGaps = slices.Clone(t.orderedGaps)
	for _, x := range [][]float64{t.packets, t.bytes, t.logPackets, t.logBytes, t.gaps, t.logGaps} {
		slices.Sort(x)
	}
	if len(rows) > 0 {
		t.span = rows[len(rows)-1].Start - rows[0].Start
	}
	return t
}

// tableMeasure is a score of two tables of flows.
type tableMeasure struct {
	Definition
	starts  bool // it needs the flows' starts
	compute func(real, synthetic *flowTable) result
}

// aggregate is the level of the scores of tables of flows.
const aggregate = "aggregate"

// tableMeasures are the scores of CompareTables.
var tableMeasures = slices.Concat(
	tableMarginal("packets", "packets", false, func(t *flowTable) (plain, logged []float64) { return t.packets, t.logPackets }),
	tableMarginal("bytes", "bytes", false, func(t *flowTable) (plain, logged []float64) { return t.bytes, t.logBytes }),
	tableMarginal("time between flows", "seconds from a flow's start to the next one's", true, func(t *flowTable) (plain, logged []float64) { return t.gaps, t.logGaps }),
	[]tableMeasure{
		{Definition{aggregate, "time between flows autocorrelation", Distance,
			"Autocorrelation of log10 of the seconds between starts: mean absolute difference over lags 1 to 20."}, true, gapCorrelations},
		{Definition{aggregate, "flows/s KS", Distance, "Kolmogorov-Smirnov distance of the flows that start in each second, both tables cut to equal spans."}, true,
			func(a, b *flowTable) result { return greatestGap(startRates(a, b)) }},
		{Definition{aggregate, "flows/s W1/sd", Distance,
			"Wasserstein-1 distance of the flows that start in each second, both tables cut to equal spans, divided by the real standard deviation."}, true,
			func(a, b *flowTable) result { return scaledWasserstein(startRates(a, b)) }},
		{Definition{aggregate, "flows/s Haar energy", Distance,
			"Mean absolute difference of log2 of the Haar wavelet energies of the flows that start in each second, over the scales from 2 s on that the span allows."}, true, startEnergies},
		tableCosine("packets", false, func(t *flowTable) []float64 { return t.packets }),
		tableCosine("time between flows", true, func(t *flowTable) []float64 { return t.gaps }),
	},
)

// tableMarginal makes the scores of a column: as it is, and its logarithm.
func tableMarginal(name, what string, starts bool, values func(t *flowTable) (plain, logged []float64)) []tableMeasure {
	sides := func(a, b *flowTable, logged bool) (x, y distribution) {
		plainA, loggedA := values(a)
		plainB, loggedB := values(b)
		if logged {
			return each(loggedA), each(loggedB)
		}
		return each(plainA), each(plainB)
	}
	return []tableMeasure{
		{Definition{aggregate, name + " KS", Distance, "Kolmogorov-Smirnov distance of the " + what + " of flows."}, starts,
			func(a, b *flowTable) result { return greatestGap(sides(a, b, false)) }},
		{Definition{aggregate, name + " W1", Distance, "Wasserstein-1 distance of the " + what + " of flows, in that unit."}, starts,
			func(a, b *flowTable) result {
				x, y := sides(a, b, false)
				return compared(wasserstein(x, y), int(x.size()), int(y.size()))
			}},
		{Definition{aggregate, "log " + name + " W1/sd", Distance, "Wasserstein-1 distance of log10 of the " + what + " of flows, divided by the real standard deviation."}, starts,
			func(a, b *flowTable) result { return scaledWasserstein(sides(a, b, true)) }},
	}
}

// gapCorrelations compares the autocorrelation of the logarithms of the times between
// starts.
func gapCorrelations(real, synthetic *flowTable) result {
	a, b := lagged(real.orderedGaps), lagged(synthetic.orderedGaps)
	n := min(len(a), len(b))
	if n == 0 {
		return missing("no lag has %d pairs of times that differ on both sides", minPairs)
	}
	var sum float64
	for k := range n {
		sum += math.Abs(a[k] - b[k])
	}
	return result{value: sum / float64(n), real: len(real.orderedGaps), synthetic: len(synthetic.orderedGaps),
		note: fmt.Sprintf("over %d lags; at lag 1 real %.3f, synthetic %.3f", n, a[0], b[0])}
}

// lagged returns the autocorrelations of a series at lags 1 to maxLag, as far as each
// has minPairs pairs; none of a series without variance.
func lagged(x []float64) []float64 {
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	if variance <= 0 {
		return nil
	}
	var r []float64
	for k := 1; k <= maxLag && len(x)-k >= minPairs; k++ {
		var sum float64
		for t := range x[k:] {
			sum += (x[t] - mean) * (x[t+k] - mean)
		}
		r = append(r, sum/float64(len(x)-k)/variance)
	}
	return r
}

// startRates are the flows that start in each second of the shorter span.
func startRates(a, b *flowTable) (x, y distribution) {
	n := binsOf(min(a.span, b.span), rateBin)
	return a.starts.distribution(n), b.starts.distribution(n)
}

// startEnergies compares the wavelet energies of the starts.
func startEnergies(a, b *flowTable) result {
	n := binsOf(min(a.span, b.span), rateBin)
	return energyDistance(&a.starts, &b.starts, n, rateBin)
}

// tableCosine makes a score of NeCSTGen's, A16 of its analyses.
func tableCosine(name string, starts bool, values func(t *flowTable) []float64) tableMeasure {
	full := "NeCSTGen cosine " + name
	return tableMeasure{Definition{aggregate, full, Similarity, "Cosine of the sorted samples of the " + name + ", as NeCSTGen reports it; blind to scale."}, starts,
		func(a, b *flowTable) result {
			x, y := values(a), values(b)
			n := int64(min(len(x), len(y)))
			rng := rand.New(rand.NewPCG(a.seed, uint64(len(full))))
			return cosineResult(cosineOf(subset(x, int64(len(x)), n, rng), subset(y, int64(len(y)), n, rng)), len(x), len(y))
		}}
}

// CompareTables scores a table of synthetic flows against one of real flows: packets,
// bytes where both have them, and starts where cfg.Lacks does not say that one side has
// none. Floors are between quarters of the real table's time. The same arguments give
// the same scores.
func CompareTables(cfg Config, application string, real, synthetic []flow.TableRow, src rand.Source) ([]Score, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if len(real) == 0 || len(synthetic) == 0 {
		return nil, errors.New("fidelity: a table without a flow")
	}
	cfg = cfg.withDefaults()
	real, synthetic = byStart(real), byStart(synthetic)
	c, seed := clockOfRows(real), src.Uint64()
	a, b := newFlowTable(real, c, seed), newFlowTable(synthetic, c, seed)
	var quarters [4]*flowTable
	for q := range quarters {
		quarters[q] = newFlowTable(real[q*len(real)/4:(q+1)*len(real)/4], c, seed)
	}
	scores := make([]Score, len(tableMeasures))
	for i, m := range tableMeasures {
		s := &scores[i]
		*s = Score{Application: application, Level: m.Level, Score: m.Name, Baselines: map[string]*float64{}}
		switch {
		case min(len(real), len(synthetic)) < cfg.MinFlows:
			s.Note = fmt.Sprintf("%d real and %d synthetic flows: want at least %d of each", len(real), len(synthetic), cfg.MinFlows)
			continue
		case m.starts && cfg.Lacks&NoStarts != 0:
			s.Note = fmt.Sprintf("one side has no %s", NoStarts)
			continue
		}
		r := m.compute(a, b)
		s.Value, s.NReal, s.NSynthetic, s.Note = number(r.value), r.real, r.synthetic, r.note
		if s.Value != nil {
			s.Floor, s.FloorSpread = tableFloor(m, quarters, cfg.FloorSplits)
		}
	}
	return scores, nil
}

// tableFloor is the mean and spread of a score between quarters of the real time.
func tableFloor(m tableMeasure, quarters [4]*flowTable, splits int) (mean, spread *float64) {
	var values []float64
	for split := range splits {
		pair := quarterPairs[split%len(quarterPairs)]
		if v := m.compute(quarters[pair[0]], quarters[pair[1]]).value; !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) < 2 {
		return nil, nil
	}
	average, deviation := each(values).moments()
	return number(average), number(deviation)
}

// byStart returns rows in the order of their starts.
func byStart(rows []flow.TableRow) []flow.TableRow {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b flow.TableRow) int { return cmp.Compare(a.Start, b.Start) })
	return sorted
}

// clockOfRows is the resolution of starts: 1 us where all are whole microseconds,
// otherwise 1 ns.
func clockOfRows(rows []flow.TableRow) clock {
	if slices.ContainsFunc(rows, func(r flow.TableRow) bool { return r.Start%1000 != 0 }) {
		return 1
	}
	return 1000
}
