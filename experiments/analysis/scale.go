package analysis

import (
	"fmt"
	"math"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// maxScales is how many doublings of a bin are looked at.
const maxScales = 24

// sharedBins returns the whole bins in the shortest side's time.
func sharedBins(sides []*Side, bin int64) int64 {
	shared := int64(math.MaxInt64)
	for _, s := range sides {
		shared = min(shared, s.Traffic.Last-s.Traffic.First)
	}
	return max(1, shared/bin)
}

// waveletEnergies draws log2 of the Haar wavelet energies of bytes per 0.2 s (A11).
func waveletEnergies(r *Result, sides []*Side) error {
	n := sharedBins(sides, loadBin)
	var lines []figure.Line
	energies := make([][]float64, len(sides))
	scales := 0
	for i, s := range sides {
		found, _ := fidelity.HaarEnergies(s.Traffic.bytes.Window(binOf(s.Traffic.First, loadBin), n), n, maxScales)
		line := figure.Line{Side: s.look, Name: s.Name}
		for k, energy := range found {
			line.X = append(line.X, seconds(loadBin)*math.Exp2(float64(k+1)))
			line.Y = append(line.Y, math.Log2(energy))
		}
		if i == 0 {
			addBand(&line, s.Traffic.apart(loadBin, n, logEnergies))
		}
		lines, energies[i], scales = append(lines, line), line.Y, max(scales, len(found))
	}
	if scales < 2 {
		return fmt.Errorf("fewer than two scales of 0.4 s and more fit in the time that all sides have: %w", figure.ErrNoValues)
	}
	gaps := make([]float64, len(sides))
	for k := range scales {
		var row []float64
		for i := range sides {
			row = append(row, energies[i][k])
		}
		r.add(fmt.Sprintf("log2 energy at %g s", seconds(loadBin)*math.Exp2(float64(k+1))), "value", "log2 bytes²", k%2 == 0, row...)
	}
	for i := range sides {
		gaps[i] = meanGap(energies[0], energies[i])
	}
	gaps[0] = nan
	r.add("log2 energy", "mean difference to real", "log2 bytes²", true, gaps...)
	f, err := figure.Lines("Load at each scale of time", figure.Axis{Label: "length of the stretches of time", Scale: figure.LogSeconds, Marks: true}, "log2 of the energy, bytes²", lines...)
	return r.draw("", fmt.Sprintf("Haar wavelet details of %s bins of 0.2 s of each side: how much the bytes change from one such stretch of time to the next. %s", thousands(n), sides[0].Traffic.bandMeaning()), f, err)
}

// logEnergies returns log2 of the Haar energies of a series of n bins, a scale each.
func logEnergies(series *fidelity.Series, n int64) []float64 {
	energies, _ := fidelity.HaarEnergies(series, n, maxScales)
	for k := range energies {
		energies[k] = math.Log2(energies[k])
	}
	return energies
}

// meanGap returns the mean absolute difference of finite values.
func meanGap(a, b []float64) float64 {
	var sum, n float64
	for i := range a {
		if d := math.Abs(a[i] - b[i]); !math.IsNaN(d) && !math.IsInf(d, 0) {
			sum, n = sum+d, n+1
		}
	}
	return sum / n
}

// fineBin is the least bin of the scaling analysis in nanoseconds: 1/2048 s, the 488
// microseconds of the original.
const fineBin = int64(1e9) / 2048

const (
	minBins      = 8   // bins that a scale needs
	maxBlocks    = 200 // blocks of time that the bootstrap of a scale draws
	scalingDraws = 300
)

// scaling draws log2 of the standard deviation of the bytes in bins of each scale
// (A18), as the Haar approximation has them: sums divided by the root of their number.
func scaling(r *Result, sides []*Side) error {
	bin := fineBin
	for _, s := range sides {
		if s.Traffic.whole() == nil {
			bin = loadBin
		}
	}
	n := sharedBins(sides, bin)
	scales := 0
	for scales < maxScales && n>>scales >= minBins {
		scales++
	}
	if scales < 2 {
		return fmt.Errorf("fewer than two scales fit in the time that all sides have: %w", figure.ErrNoValues)
	}
	lines := make([]figure.Line, len(sides))
	for i, s := range sides {
		series := s.Traffic.bytesIn(bin)
		lines[i] = figure.Line{Side: s.look, Name: s.Name}
		for k := range scales {
			value, low, high := deviation(series, n>>k, int64(1)<<k)
			lines[i].X = append(lines[i].X, seconds(bin)*math.Exp2(float64(k)))
			lines[i].Y = append(lines[i].Y, value)
			lines[i].Low, lines[i].High = append(lines[i].Low, low), append(lines[i].High, high)
		}
	}
	for k := range scales {
		m := Measure{Quantity: fmt.Sprintf("log2 deviation at %.4g s", lines[0].X[k]), Statistic: "value", Unit: "log2 bytes", Short: k%4 == 0}
		for i := range sides {
			m.Values = append(m.Values, Value{number(lines[i].Y[k]), number(lines[i].Low[k]), number(lines[i].High[k])})
		}
		r.Measures = append(r.Measures, m)
	}
	own := figure.Line{Name: sides[0].Name, X: lines[0].X, Y: lines[0].Y}
	addBand(&own, sides[0].Traffic.apart(bin, n, logDeviations))
	lines = append([]figure.Line{own}, lines...)
	f, err := figure.Lines("Deviation of the load at each scale of time", figure.Axis{Label: "width of the bins", Scale: figure.LogSeconds}, "log2 of the deviation, bytes", lines...)
	return r.draw("", fmt.Sprintf("Standard deviation of the Haar approximation of the bytes in bins of that width, of %s bins at most, with 95 %% bootstrap intervals over blocks of time. A load without memory gives a level line. %s",
		thousands(n), sides[0].Traffic.bandMeaning()), f, err)
}

// logDeviations returns what deviation does of a series of n bins, a scale each.
func logDeviations(series *fidelity.Series, n int64) []float64 {
	var values []float64
	for k := 0; k < maxScales && n>>k >= minBins; k++ {
		value, _, _ := deviation(series, n>>k, int64(1)<<k)
		values = append(values, value)
	}
	return values
}

// bytesIn returns the bytes in bins of a width, counted from the first packet's.
func (t *Traffic) bytesIn(bin int64) *fidelity.Series {
	if bin == loadBin {
		return t.bytes.Window(binOf(t.First, loadBin), math.MaxInt64)
	}
	s := new(fidelity.Series)
	for _, p := range t.inOrder() {
		s.Add((p.Time-t.First)/bin, float64(p.Length))
	}
	return s
}

// deviation returns log2 of the standard deviation of n sums of so many bins, divided
// by the root of that number, and its interval over blocks of time.
func deviation(series *fidelity.Series, n, group int64) (value, low, high float64) {
	blocks := min(n, maxBlocks)
	count, sum, squares := make([]float64, blocks), make([]float64, blocks), make([]float64, blocks)
	for b := range blocks {
		count[b] = float64((b+1)*n/blocks - b*n/blocks)
	}
	add := func(at int64, total float64) {
		v := total / math.Sqrt(float64(group))
		b := ((at+1)*blocks - 1) / n // the block with at*blocks/n, rounded as its borders are
		sum[b] += v
		squares[b] += v * v
	}
	last, total := int64(-1), 0.0
	for bin, v := range series.Window(0, n*group).All() {
		if at := bin / group; at != last {
			if last >= 0 {
				add(last, total)
			}
			last, total = at, 0
		}
		total += v
	}
	if last >= 0 {
		add(last, total)
	}
	spread := func(times, into []float64) {
		var c, s, q float64
		for b, n := range times {
			c, s, q = c+n*count[b], s+n*sum[b], q+n*squares[b]
		}
		into[0] = math.Log2(math.Sqrt(max(0, q/c-(s/c)*(s/c))))
	}
	once, into := make([]float64, blocks), make([]float64, 1)
	for b := range once {
		once[b] = 1
	}
	spread(once, into)
	lows, highs := fidelity.Bootstrap(int(blocks), scalingDraws, 1, source(), spread)
	return into[0], lows[0], highs[0]
}
