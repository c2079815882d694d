package fidelity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestValues: zeros that are counted are worth as much as zeros that are listed, and
// equal samples have no distance.
func TestValues(t *testing.T) {
	listed := Values{List: []float64{0, 3, 0, 1, 7, 0}}
	counted := Values{List: []float64{3, 1, 7}, Zeros: 3}
	other := Values{List: []float64{2, 5, 9, 1, 1, 1}}
	a, b := DistancesOf(listed, other, rand.NewPCG(1, 1)), DistancesOf(counted, other, rand.NewPCG(1, 1))
	if a != b {
		t.Errorf("%+v with zeros listed, %+v counted", a, b)
	}
	same := DistancesOf(listed, counted, rand.NewPCG(1, 1))
	if same.KS != 0 || same.W1 != 0 || same.JSD != 0 || math.Abs(same.Cosine-1) > 1e-12 {
		t.Errorf("equal samples: %+v", same)
	}
	for name, d := range map[string]Distances{"an empty sample": DistancesOf(Values{}, other, rand.NewPCG(1, 1)), "zeros alone": DistancesOf(Values{Zeros: 4}, other, rand.NewPCG(1, 1))} {
		if !math.IsNaN(d.Cosine) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestQuantile has numpy.quantile's values of these samples.
func TestQuantile(t *testing.T) {
	for _, tt := range []struct {
		sorted           []float64
		proportion, want float64
	}{{[]float64{4}, 0.3, 4}, {[]float64{1, 2, 4, 8}, 0, 1}, {[]float64{1, 2, 4, 8}, 0.5, 3}, {[]float64{1, 2, 4, 8}, 0.95, 7.4}, {[]float64{1, 2, 4, 8}, 1, 8}} {
		if got := Quantile(tt.sorted, tt.proportion); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%g of %v is %g, want %g", tt.proportion, tt.sorted, got, tt.want)
		}
	}
}

// TestBootstrap: the interval of a mean has the width that theory gives, and that of
// a constant has none.
func TestBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	x := make([]float64, 400)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	low, high := Bootstrap(len(x), 2000, 2, rand.NewPCG(1, 1), func(times, into []float64) {
		var sum float64
		for i, n := range times {
			sum += n * x[i]
		}
		into[0], into[1] = sum/float64(len(x)), 5
	})
	if width := high[0] - low[0]; math.Abs(width-2*1.96/20) > 0.02 {
		t.Errorf("the mean of 400 normal values has an interval of width %g, want about 0.196", width)
	}
	if low[1] != 5 || high[1] != 5 {
		t.Errorf("a constant has the interval %g to %g", low[1], high[1])
	}
}
