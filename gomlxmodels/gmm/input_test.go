package gmm

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

func TestFitRefuses(t *testing.T) {
	b := devicetest.Go(t)
	good := func() *mat.Dense { return blobs(1, 50, 2, 2) }
	with := func(r, c int, v float64) *mat.Dense {
		x := good()
		x.Set(r, c, v)
		return x
	}
	for _, test := range []struct {
		name string
		x    mat.Matrix
		edit func(c *Config)
		want []string
	}{
		{"NaN", with(7, 1, math.NaN()), nil, []string{"row 7", "column 1", "NaN"}},
		{"infinite", with(49, 0, math.Inf(-1)), nil, []string{"row 49", "column 0", "-Inf"}},
		{"overflow", with(3, 0, 1e200), nil, []string{"column 0", "overflow"}},
		{"no rows", &mat.Dense{}, nil, []string{"no rows"}},
		{"fewer rows than components", good(), func(c *Config) { c.Components = 51 }, []string{"50 rows for 51 components", "fewer components"}},
		{"fewer rows than the smallest number", good(), func(c *Config) { c.MinComponents, c.MaxComponents = 60, 70 }, []string{"50 rows for 60"}},
		{"many columns", blobs(1, 60, 25, 1), nil, []string{"25 columns", "diagonal"}},
		{"components", good(), func(c *Config) { c.Components = -1 }, []string{"components = -1"}},
		{"range", good(), func(c *Config) { c.MinComponents, c.MaxComponents = 3, 2 }, []string{"max_components = 2", ">= min_components (3)"}},
		{"covariance", good(), func(c *Config) { c.Covariance = "round" }, []string{"round", "full, diagonal or tied"}},
		{"all at once", good(), func(c *Config) { c.MaxIterations, c.Tolerance, c.RegCovar, c.Starts = 0, -1, math.NaN(), 0 }, []string{"max_iterations", "tolerance", "reg_covar", "starts"}},
		{"patience", good(), func(c *Config) { c.Patience = -1 }, []string{"patience = -1"}},
		{"start without means", good(), func(c *Config) { c.Start = &Start{} }, []string{"no means"}},
		{"start of other columns", good(), func(c *Config) { c.Start = &Start{Means: [][]float64{{1}}} }, []string{"mean 0 has 1 values", "2 columns"}},
		{"start weights", good(), func(c *Config) { c.Start = &Start{Means: [][]float64{{1, 1}}, Weights: []float64{0.5}} }, []string{"sum to 0.5"}},
		{"start weight below zero", good(), func(c *Config) {
			c.Start = &Start{Means: [][]float64{{1, 1}, {2, 2}}, Weights: []float64{2, -1}}
		}, []string{"weight 1 is -1"}},
		{"start covariance", good(), func(c *Config) {
			c.Start = &Start{Means: [][]float64{{1, 1}}, Covariances: []*mat.SymDense{symmetric([][]float64{{1, 2}, {2, 1}})}}
		}, []string{"covariance 0", "positive definite"}},
		{"start of other number", good(), func(c *Config) { c.Components, c.Start = 2, &Start{Means: [][]float64{{1, 1}}} }, []string{"components = 2", "1 means"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := DefaultConfig()
			if test.edit != nil {
				test.edit(&cfg)
			}
			m, err := Fit(context.Background(), b, test.x, cfg, rand.NewPCG(1, 1))
			if err == nil {
				t.Fatalf("Fit gives %v, want an error", m.Means)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %q", err, want)
				}
			}
		})
	}
}

// Doubtful input gives a model without NaN, and a warning that says what is wrong.
// All have as many columns and components, so that they share a program.
func TestDoubts(t *testing.T) {
	constant := blobs(1, 400, 2, 2)
	twins := blobs(2, 400, 2, 2)
	line := blobs(3, 400, 2, 2)
	for i := range 400 {
		constant.Set(i, 1, 4.5)
		if i < 100 {
			twins.SetRow(i, []float64{50, 50})
		}
		line.Set(i, 1, 2*line.At(i, 0))
	}
	for _, test := range []struct {
		name       string
		x          *mat.Dense
		components int
		edit       func(c *Config)
		want       string
	}{
		{"constant column", constant, 3, nil, "column 1 is constant (4.5)"},
		{"equal rows", twins, 3, nil, "has collapsed in column"},
		{"all rows equal", mat.NewDense(30, 2, nil), 3, nil, "only 1 different rows"},
		{"few different rows", mat.NewDense(4, 2, []float64{1, 1, 1, 1, 2, 2, 2, 2}), 3, nil, "only 2 different rows"},
		{"as many components as rows", blobs(4, 3, 2, 2), 3, nil, "rows, fewer than its 2 dimensions need"},
		{"on a line", line, 3, func(c *Config) { c.RegCovar = 0 }, ""},
		{"not converged", blobs(5, 400, 2, 3), 3, func(c *Config) { c.MaxIterations, c.Tolerance = 2, 1e-12 }, "not converged after 2 iterations"},
		{"a component without rows", blobs(6, 400, 2, 2), 0, func(c *Config) {
			c.Start = &Start{Means: [][]float64{{0, 0}, {1, 1}, {1e6, 1e6}}, Covariances: []*mat.SymDense{
				symmetric([][]float64{{1, 0}, {0, 1}}), symmetric([][]float64{{1, 0}, {0, 1}}), symmetric([][]float64{{1, 0}, {0, 1}})}}
		}, "component 2 of 3 was left without rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			devicetest.Each(t, func(t *testing.T, b compute.Backend) {
				kinds := []Covariance{Full, Diagonal, Tied}
				if !devicetest.IsGo(b) {
					kinds = kinds[:1] // each is a compilation
				}
				for _, kind := range kinds {
					cfg := DefaultConfig()
					cfg.Components, cfg.Covariance = test.components, kind
					if test.edit != nil {
						test.edit(&cfg)
					}
					m, err := fitShared(context.Background(), t, b, test.x, cfg, rand.NewPCG(1, 1))
					if err != nil {
						t.Fatalf("%s: %v", kind, err)
					}
					if kind == Full && test.want != "" && !strings.Contains(errors.Join(m.Warnings...).Error(), test.want) {
						t.Errorf("%s: warnings %v, want one with %q", kind, m.Warnings, test.want)
					}
					sum := 0.0
					for k, w := range m.Weights {
						sum += w
						for j := range m.Columns() {
							if v := m.Covariances[k].At(j, j); math.IsNaN(m.Means[k][j]) || !(v > 0) {
								t.Errorf("%s: component %d has mean %v and variance %v", kind, k, m.Means[k][j], v)
							}
						}
					}
					near(t, "sum of weights", sum, 1, 1e-12)
				}
			})
		})
	}
}

func TestFitIsInterrupted(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		cfg := DefaultConfig()
		cfg.Components = 2
		if _, err := Fit(ctx, b, blobs(1, 100, 2, 2), cfg, rand.NewPCG(1, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("Fit gives %v, want context canceled", err)
		}
	})
}

func TestCovarianceText(t *testing.T) {
	var c Covariance
	if err := c.UnmarshalText([]byte("Tied")); err != nil || c != Tied {
		t.Errorf("Tied gives %q, %v", c, err)
	}
	if err := c.UnmarshalText([]byte("spherical")); err == nil || !strings.Contains(err.Error(), "diagonal") {
		t.Errorf("spherical gives %v, want an error that lists the words", err)
	}
}

// Programs are for few sizes, never smaller than what they are for.
func TestSizes(t *testing.T) {
	seen := make(map[int]bool)
	for k := 1; k <= 64; k++ {
		p := paddedComponents(k, 64, 10_000_000)
		if p < k || p > 2*k && p > 4 {
			t.Errorf("%d components are padded to %d", k, p)
		}
		seen[p] = true
	}
	if len(seen) > 8 {
		t.Errorf("%d sizes for 64 numbers of components: %v", len(seen), seen)
	}
	if p := paddedComponents(3, 25, 10_000); p != 25 {
		t.Errorf("few rows are fitted with %d components, want the largest number, 25", p)
	}
	for _, n := range []int{1, blockRows, blockRows + 1, 100_000, 1_000_000, 10_000_000} {
		blocks := blockCount(n, blockRows)
		if have := blocks * blockRows; have < n || blocks > 2 && have > 2*n || n > 100_000 && have > n+n/7 {
			t.Errorf("%d rows get %d blocks", n, blocks)
		}
	}
}
