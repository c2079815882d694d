package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
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

// Mixtures fitted together are those fitted one by one: of tables of different
// lengths, which settle at different times, with several starts and numbers of
// components.
func TestFitAll(t *testing.T) {
	xs := []mat.Matrix{blobs(1, 300, 2, 3), blobs(2, 40, 2, 2), blobs(3, 777, 2, 4)}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		kinds := []Covariance{Tied, Full, Diagonal}
		if !devicetest.IsGo(b) {
			kinds = kinds[:2] // each is a compilation
		}
		for _, kind := range kinds {
			cfg := DefaultConfig()
			cfg.Covariance, cfg.MaxComponents, cfg.Starts, cfg.MaxIterations = kind, 4, 2, 60
			src := rand.NewPCG(4, 4)
			together, err := FitAll(context.Background(), b, xs, cfg, src)
			if err != nil {
				t.Fatal(err)
			}
			alone := rand.NewPCG(4, 4)
			for i, x := range xs {
				want, err := Fit(context.Background(), b, x, cfg, alone)
				if err != nil {
					t.Fatal(err)
				}
				same(t, fmt.Sprintf("%s, matrix %d", kind, i), together[i], want, 1e-7)
			}
			if src.Uint64() != alone.Uint64() {
				t.Errorf("%s: the sources have gone different ways", kind)
			}
		}
	})
}

// The stack's program itself runs a given start to the same end as the loop for one.
func TestStackIsUsed(t *testing.T) {
	e, err := newEngine(devicetest.XLA(t), Full, 2)
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.MaxComponents = 3
	p, err := e.draft(blobs(1, 300, 2, 3), cfg, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	s := e.stackOf([]*plan{p})
	if s.work() > stackLimit || s.fits != 3 || s.components != 3 {
		t.Errorf("stack of %d fits of %d components, work %d: want 3 of 3, below %d", s.fits, s.components, s.work(), stackLimit)
	}
	if err := s.fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	if m, err := p.end(); err != nil || m.Components() != 3 {
		t.Errorf("%v, %v: want three components", m, err)
	}
}

func TestFitAllRefuses(t *testing.T) {
	b := devicetest.Go(t)
	for _, test := range []struct {
		name string
		xs   []mat.Matrix
		edit func(c *Config)
		want []string
	}{
		{"NaN", []mat.Matrix{blobs(1, 9, 2, 1), mat.NewDense(2, 2, []float64{1, 2, math.NaN(), 4})}, nil, []string{"matrix 1", "row 1, column 0"}},
		{"columns", []mat.Matrix{blobs(1, 9, 2, 1), blobs(1, 9, 3, 1)}, nil, []string{"matrix 1", "3 columns", "want 2"}},
		{"few rows", []mat.Matrix{blobs(1, 9, 2, 1)}, func(c *Config) { c.Components = 10 }, []string{"matrix 0", "9 rows for 10 components"}},
		{"config", []mat.Matrix{blobs(1, 9, 2, 1)}, func(c *Config) { c.Starts = 0 }, []string{"starts = 0"}},
	} {
		cfg := DefaultConfig()
		if test.edit != nil {
			test.edit(&cfg)
		}
		_, err := FitAll(context.Background(), b, test.xs, cfg, rand.NewPCG(1, 1))
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want it to say %q", test.name, err, want)
			}
		}
	}
	if models, err := FitAll(context.Background(), b, nil, DefaultConfig(), rand.NewPCG(1, 1)); err != nil || len(models) != 0 {
		t.Errorf("no matrices give %v, %v", models, err)
	}
}

// BenchmarkPlaces fits eight tables of 700 rows with 1 to 8 components, as the ends
// of 700 flows have it, together and one by one.
func BenchmarkPlaces(b *testing.B) {
	backend := devicetest.Fastest(b)
	var xs []mat.Matrix
	for i := range 8 {
		xs = append(xs, blobs(uint64(i), 700, 2, 1+i%4))
	}
	cfg := DefaultConfig()
	cfg.MaxComponents = 8
	b.Run("together", func(b *testing.B) {
		for b.Loop() {
			if _, err := FitAll(context.Background(), backend, xs, cfg, rand.NewPCG(1, 1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			e, err := newEngine(backend, Full, 2)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := e.oneByOne(context.Background(), xs, cfg, rand.NewPCG(1, 1)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
