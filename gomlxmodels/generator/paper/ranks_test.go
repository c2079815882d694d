package paper

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What outputs on the training packets are taken back to has the distribution of the
// training's values, keeps the order of the outputs, and, where values are not
// continuous, has none that training did not have.
func TestRankScale(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const n = 4000
	outputs, values := make([]float64, n), make([]float64, n)
	for i := range n {
		values[i] = []float64{0, 0, 0, 17, 1460}[random.IntN(5)]
		outputs[i] = 0.4 + values[i]/1460/20 + random.NormFloat64()/50 // shrunk, and between the values
	}
	s := fitRankScale(slices.Clone(outputs), slices.Clone(values))
	counts := make(map[float64]float64)
	for _, x := range outputs {
		counts[s.value(x, false)] += 1. / n
	}
	if len(counts) != 3 {
		t.Errorf("values %v, want 0, 17 and 1460", counts)
	}
	for _, v := range values {
		counts[v] -= 1. / n
	}
	for v, d := range counts {
		if math.Abs(d) > 2./mostRanks { // a scale has so many ranks
			t.Errorf("%g: %g more often than in training", v, d)
		}
	}
	slices.Sort(outputs)
	last := math.Inf(-1)
	for _, x := range append([]float64{-1}, append(outputs, 2)...) {
		v := s.value(x, true)
		if v < last || v < 0 || v > 1460 {
			t.Fatalf("%g becomes %g behind %g", x, v, last)
		}
		last = v
	}
}

func TestRankTableRefuses(t *testing.T) {
	good := rankScale{[]float64{0.1}, []float64{1}}
	tests := []struct {
		name  string
		table rankTable
		want  string
	}{
		{"good", rankTable{"": {good, good}, "/0": {good, {}}}, ""},
		{"nothing", nil, "no ranks of all packets"},
		{"too few numbers", rankTable{"": {good}}, "want 2"},
		{"a value without an output", rankTable{"": {good, {nil, []float64{1}}}}, "0 outputs for 1 values of number 1"},
	}
	for _, tt := range tests {
		err := tt.table.check(2)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestRankScaleEdges(t *testing.T) {
	none := math.NaN()
	tests := []struct {
		name            string
		outputs, values []float64
		output          float64
		continuous      bool
		want            float64
	}{
		{"one packet", []float64{0.5}, []float64{7}, 0.1, true, 7},
		{"below all", []float64{0.5, 0.6}, []float64{7, 9}, 0.1, false, 7},
		{"above all", []float64{0.5, 0.6}, []float64{7, 9}, 0.9, true, 9},
		{"nearest", []float64{0.5, 0.6}, []float64{7, 9}, 0.54, false, 7},
		{"between", []float64{0.5, 0.6}, []float64{7, 9}, 0.55, true, 8},
		{"a saturated output is the middle of its values", []float64{1, 1, 1}, []float64{3, 1, 2}, 1, true, 2},
		{"without a value", []float64{0.1, 0.5}, []float64{none, 4}, 0.1, false, 4},
	}
	for _, tt := range tests {
		if got := fitRankScale(tt.outputs, tt.values).value(tt.output, tt.continuous); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %g, want %g", tt.name, got, tt.want)
		}
	}
}
