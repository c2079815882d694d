package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// same compares two mixtures up to rounding.
func same(t *testing.T, what string, got, want *Model, tolerance float64) {
	t.Helper()
	if got.Components() != want.Components() || got.Iterations != want.Iterations || got.Converged != want.Converged ||
		len(got.LowerBounds) != len(want.LowerBounds) || len(got.Tried) != len(want.Tried) || len(got.Warnings) != len(want.Warnings) {
		t.Fatalf("%s: %d components, %d iterations, converged %v, %d bounds, %d tried, warnings %v; alone %d, %d, %v, %d, %d, %v", what,
			got.Components(), got.Iterations, got.Converged, len(got.LowerBounds), len(got.Tried), got.Warnings,
			want.Components(), want.Iterations, want.Converged, len(want.LowerBounds), len(want.Tried), want.Warnings)
	}
	check := func(name string, a, b float64) {
		t.Helper()
		if !(math.Abs(a-b) <= tolerance*max(1, math.Abs(b))) {
			t.Fatalf("%s: %s is %.17g, alone %.17g", what, name, a, b)
		}
	}
	check("likelihood", got.MeanLogLikelihood, want.MeanLogLikelihood)
	for i := range want.LowerBounds {
		check("lower bound", got.LowerBounds[i], want.LowerBounds[i])
	}
	for i := range want.Tried {
		check("BIC", got.Tried[i].Value, want.Tried[i].Value)
	}
	for k := range want.Weights {
		check("weight", got.Weights[k], want.Weights[k])
		for i := range want.Means[k] {
			check("mean", got.Means[k][i], want.Means[k][i])
			for j := range want.Means[k] {
				check("covariance", got.Covariances[k].At(i, j), want.Covariances[k].At(i, j))
			}
		}
	}
}

// searched is model, with all fits in one program or one after the other.
func searched(t *testing.T, b compute.Backend, x mat.Matrix, cfg Config, src rand.Source, together bool) *Model {
	t.Helper()
	_, d := x.Dims()
	e := engineOf(t, b, cfg.Covariance, d)
	rows, err := inspect(x, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.newSearch(rows, x, cfg, src)
	if err != nil {
		t.Fatal(err)
	}
	s.together = together
	if err := e.place(rows, x, s.widest()); err != nil {
		t.Fatal(err)
	}
	defer rows.finalize()
	m, err := s.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Mixtures fitted together are those fitted one by one: with several starts and
// numbers of components, which settle at different times, padded to the same shape.
func TestTogether(t *testing.T) {
	xs := []mat.Matrix{blobs(1, 300, 2, 3), blobs(5, 270, 2, 2), blobs(2, 40, 2, 2), blobs(3, 777, 2, 4)}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		kinds, xs := []Covariance{Tied, Full, Diagonal}, xs
		if !devicetest.IsGo(b) {
			kinds, xs = kinds[:2], xs[:2] // each is a compilation, but as many blocks share one
		}
		for _, kind := range kinds {
			cfg := DefaultConfig()
			cfg.Covariance, cfg.MaxComponents, cfg.Starts, cfg.MaxIterations = kind, 4, 2, 60
			for i, x := range xs {
				together, alone := rand.NewPCG(4, 4), rand.NewPCG(4, 4)
				got, want := searched(t, b, x, cfg, together, true), searched(t, b, x, cfg, alone, false)
				same(t, fmt.Sprintf("%s, matrix %d", kind, i), got, want, 1e-7)
				if together.Uint64() != alone.Uint64() {
					t.Errorf("%s: the sources have gone different ways", kind)
				}
			}
		}
	})
}

// Small tables are searched in one program where there are loops, large ones and
// those with patience are not.
func TestSearchChoosesTogether(t *testing.T) {
	e, err := newEngine(devicetest.XLA(t), Full, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rows, patience int
		want           bool
	}{{300, 0, true}, {300, 3, false}, {togetherLimit/625 + 1, 0, false}} {
		cfg := DefaultConfig()
		cfg.Patience = test.patience
		s, err := e.newSearch(&table{rows: test.rows, columns: 2}, nil, cfg, nil)
		if err != nil || s.together != test.want {
			t.Errorf("%d rows, patience %d: together %v (%v), want %v", test.rows, test.patience, s.together, err, test.want)
		}
	}
}

// A number that is greater by rounding alone does not exceed.
func TestExceeds(t *testing.T) {
	for _, test := range []struct {
		a, b float64
		want bool
	}{
		{-4.25, -4.25, false},
		{-4.25 + 1e-13, -4.25, false},
		{-4.25 + 1e-6, -4.25, true},
		{-4.25 - 1e-6, -4.25, false},
		{1e6 + 1e-6, 1e6, false},
		{1e6 + 1e-2, 1e6, true},
		{0, math.NaN(), true},
		{math.NaN(), 0, false},
	} {
		if got := exceeds(test.a, test.b); got != test.want {
			t.Errorf("exceeds(%v, %v) = %v, want %v", test.a, test.b, got, test.want)
		}
	}
}

// Components are numbered in the same order however they come and whichever way
// rounding has moved them, also where weights and means are equal or lie at 1/2 of
// any decimal place.
func TestOrderOfComponents(t *testing.T) {
	type component struct {
		name     string
		weight   float64
		mean     [2]float64
		variance float64
	}
	want := []component{
		{"heaviest", 0.5, [2]float64{9, 9}, 1},
		{"left below", 0.0078125, [2]float64{1, 2}, 1},
		{"left above", 0.0078125, [2]float64{1, 3}, 1},
		{"right narrow", 0.0078125, [2]float64{2, 0}, 1},
		{"right wide", 0.0078125, [2]float64{2, 0}, 4},
		{"lightest", 0.001, [2]float64{-5, -5}, 1},
	}
	r := rand.New(rand.NewPCG(1, 1))
	for trial := range 100 {
		shuffled := slices.Clone(want)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		m := &Model{}
		noise := func() float64 { return 1e-10 * (2*r.Float64() - 1) }
		for _, c := range shuffled {
			m.Weights = append(m.Weights, c.weight+noise())
			m.Means = append(m.Means, []float64{c.mean[0] + noise(), c.mean[1] + noise()})
			m.Covariances = append(m.Covariances, mat.NewSymDense(2, []float64{c.variance, 0, 0, c.variance + noise()}))
		}
		m.sort([]float64{1, 1})
		for k, c := range want {
			if math.Abs(m.Weights[k]-c.weight) > 1e-9 || math.Abs(m.Means[k][0]-c.mean[0]) > 1e-9 || math.Abs(m.Means[k][1]-c.mean[1]) > 1e-9 || m.Covariances[k].At(0, 0) != c.variance {
				t.Fatalf("trial %d: component %d is weight %v, mean %v, want %s", trial, k, m.Weights[k], m.Means[k], c.name)
			}
		}
	}
}
