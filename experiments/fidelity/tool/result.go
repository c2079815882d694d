package tool

import (
	"math"
	"math/rand/v2"
)

// Result is the score of a view: how far apart a program's answers are on both sides.
type Result struct {
	Value           float64    // NaN: there is none
	Floor, Spread   float64    // the same between random halves of the real rows; NaN: too few
	Interval        [2]float64 // of 95 %, for samples of these sizes: the value and 1.96 standard deviations over bootstraps
	Real, Synthetic int        // rows: flows or the program's own connections
	Note            string     // the program's version and what differs most
	Absent          string     // why there is no value, where that is not for want of rows
}

// bootstraps is the number of samples behind an interval. Twice as many move its ends by
// less than a tenth of its length.
const bootstraps = 200

// resultOf scores rows.
func resultOf(v View, training, heldOut, synthetic []Row, splits int, rng *rand.Rand) Result {
	t, h, s := len(training), len(heldOut), len(synthetic)
	r := Result{Value: math.NaN(), Floor: math.NaN(), Spread: math.NaN(), Real: h, Synthetic: s}
	rows := make([]Row, 0, t+h+s)
	rows = append(append(append(rows, training...), heldOut...), synthetic...)
	p := newPanel(v.kind, rows)
	a, b := make([]float64, len(rows)), make([]float64, len(rows))
	var of []difference
	weigh(a, t, t+h)
	weigh(b, t+h, t+h+s)
	r.Value, of = p.compare(a, b)
	r.Floor, r.Spread = p.floor(t+h, h, splits, rng)
	if math.IsNaN(r.Value) {
		return r
	}
	r.Note = v.kind.words(of)
	deviation := p.bootstrap(t, t+h, t+h+s, rng)
	r.Interval = [2]float64{max(0, r.Value-1.96*deviation), min(1, r.Value+1.96*deviation)}
	return r
}

// weigh gives the rows from one to another one the weight 1, and all others 0.
func weigh(weight []float64, from, to int) {
	clear(weight)
	for i := from; i < to; i++ {
		weight[i] = 1
	}
}

// floor is the mean and standard deviation of the distance between two random sets of so
// many of the first pool rows, or of half of them where there are fewer.
func (p *panel) floor(pool, size, splits int, rng *rand.Rand) (mean, deviation float64) {
	size = min(size, pool/2)
	var values []float64
	a, b := make([]float64, len(p.cells)), make([]float64, len(p.cells))
	for range splits {
		clear(a)
		clear(b)
		order := rng.Perm(pool)
		for i := range size {
			a[order[i]], b[order[size+i]] = 1, 1
		}
		if value, _ := p.compare(a, b); !math.IsNaN(value) {
			values = append(values, value)
		}
	}
	return moments(values)
}

// bootstrap is the standard deviation of the distance over samples, with replacement, of
// the held-out and of the synthetic rows.
func (p *panel) bootstrap(heldOut, synthetic, end int, rng *rand.Rand) float64 {
	var values []float64
	a, b := make([]float64, end), make([]float64, end)
	for range bootstraps {
		clear(a)
		clear(b)
		for range synthetic - heldOut {
			a[heldOut+rng.IntN(synthetic-heldOut)]++
		}
		for range end - synthetic {
			b[synthetic+rng.IntN(end-synthetic)]++
		}
		if value, _ := p.compare(a, b); !math.IsNaN(value) {
			values = append(values, value)
		}
	}
	_, deviation := moments(values)
	return deviation
}

// moments are the mean and the standard deviation; NaN of fewer than two values.
func moments(values []float64) (mean, deviation float64) {
	if len(values) < 2 {
		return math.NaN(), math.NaN()
	}
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation)
}
