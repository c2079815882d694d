package vae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// apart is the largest difference between the parameters of two models, relative
// to values above 1.
func apart(t *testing.T, a, b *Model) float64 {
	t.Helper()
	worst := 0.0
	one, err := a.Params()
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.Params()
	if err != nil {
		t.Fatal(err)
	}
	values := func(x *tensors.Tensor) (out []float64) {
		x.MustConstFlatData(func(flat any) {
			switch from := flat.(type) {
			case []float64:
				out = append(out, from...)
			case []float32:
				for _, v := range from {
					out = append(out, float64(v))
				}
			}
		})
		return out
	}
	for i := range one.Values {
		w := values(two.Values[i])
		for k, v := range values(one.Values[i]) {
			worst = max(worst, math.Abs(v-w[k])/max(1, math.Abs(w[k])))
		}
	}
	return worst
}

// TestFitAll: each model of a stack is the one that its seed gives alone, with its
// own split, early stop and learning rates; a stop of one does not disturb others.
func TestFitAll(t *testing.T) {
	for _, test := range []struct {
		precision        Precision
		delta, tolerance float64
	}{{Float32, 0.05, 1e-5}, {Float64, 0.02, 1e-13}} {
		precision, tolerance := test.precision, test.tolerance
		t.Run(string(precision), func(t *testing.T) {
			devicetest.Each(t, func(t *testing.T, b compute.Backend) {
				if precision == Float64 && !devicetest.IsGo(b) {
					t.Skip("skipped: each type is a compilation, the Go backend has both")
				}
				cfg := small()
				cfg.Precision = precision
				cfg.Train.Epochs, cfg.Train.PlateauPatience, cfg.Train.StopPatience, cfg.Train.StopDelta = 12, 1, 2, test.delta
				seeds := []uint64{1, 7, 3, 5}
				recorded := map[string]int{}
				models, err := FitAll(context.Background(), b, cfg, seeds, plane(300), func(metric string, _ int, _ float64) error {
					recorded[metric]++
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				ends := map[int]bool{}
				for m, seed := range seeds {
					cfg.Train.Seed = seed
					alone, err := Fit(context.Background(), b, cfg, plane(300), nil)
					if err != nil {
						t.Fatal(err)
					}
					if off := apart(t, models[m], alone); off > tolerance {
						t.Errorf("seed %d: in the stack off by %g, want at most %g", seed, off, tolerance)
					} else {
						t.Logf("seed %d: off by %g after %d epochs", seed, off, len(alone.Result.Epochs))
					}
					n := len(models[m].Result.Epochs)
					if models[m].Result.Stop != alone.Result.Stop || n != len(alone.Result.Epochs) || models[m].Result.Best != alone.Result.Best {
						t.Errorf("seed %d: %q after %d epochs in the stack, %q after %d alone", seed, models[m].Result.Stop, n, alone.Result.Stop, len(alone.Result.Epochs))
					}
					if recorded[fmt.Sprintf("vae/seed-%d/validation_kl", seed)] != n {
						t.Errorf("seed %d: recorded %v, want %d epochs", seed, recorded, n)
					}
					ends[n] = true
				}
				if len(ends) < 2 {
					t.Errorf("all models stop after %v epochs: nothing is tested of stopping alone", ends)
				}
			})
		})
	}
}

// TestFitAllResumes: an interrupted stack goes on to the bytes of one that ran
// through.
func TestFitAllResumes(t *testing.T) {
	b := devicetest.Go(t)
	cfg := small()
	cfg.Train.Epochs = 6
	seeds := []uint64{4, 5}
	want, err := FitAll(context.Background(), b, cfg, seeds, plane(200), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Train.Checkpoint = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg.Progress = func(e fit.Epoch) error {
		if e.Number == 3 {
			cancel()
		}
		return nil
	}
	if _, err := FitAll(ctx, b, cfg, seeds, plane(200), nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want an interruption", err)
	}
	got, err := FitAll(context.Background(), b, cfg, seeds, plane(200), nil)
	if err != nil {
		t.Fatal(err)
	}
	for m := range seeds {
		if digest(t, got[m]) != digest(t, want[m]) || len(got[m].Result.Epochs) != 6 {
			t.Errorf("seed %d: resumed to another model", seeds[m])
		}
	}
}

// TestFitAllDiverges: with a learning rate far too high all models fail by name and
// none is NaN.
func TestFitAllDiverges(t *testing.T) {
	b := devicetest.Go(t)
	cfg := small()
	cfg.Train.LearningRate = 1e30
	models, err := FitAll(context.Background(), b, cfg, []uint64{4, 5}, plane(100), nil)
	var diverged *fit.DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "seed 4") || !strings.Contains(err.Error(), "seed 5") {
		t.Fatalf("error %v, want a *fit.DivergedError of both seeds", err)
	}
	for _, m := range models {
		if strings.Contains(digest(t, m), "NaN") {
			t.Error("a model of NaN")
		}
	}
}

func TestFitAllRefuses(t *testing.T) {
	b := devicetest.Go(t)
	for _, test := range []struct {
		name  string
		seeds []uint64
		x     mat.Matrix
		want  string
	}{
		{"no seeds", nil, plane(10), "no seeds"},
		{"one seed twice", []uint64{1, 2, 1}, plane(10), "seed 1 is there twice"},
		{"no rows", []uint64{1}, &mat.Dense{}, "[0, 0]"},
	} {
		if _, err := FitAll(context.Background(), b, small(), test.seeds, test.x, nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want it to say %q", test.name, err, test.want)
		}
	}
}

// BenchmarkSeeds trains 1 and 16 seeds in one program over 2^15 rows with batches
// of 32; one iteration is an epoch of all. On a GPU 16 should cost at most three
// times as much as one.
func BenchmarkSeeds(b *testing.B) {
	backend := devicetest.Fastest(b)
	const rows = 1 << 15
	x := plane(rows)
	for _, n := range []int{1, 16} {
		b.Run(fmt.Sprintf("seeds=%d", n), func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.Train.Epochs, cfg.Train.ValidationFraction = max(b.N, 2)+1, 0
			var total time.Duration
			cfg.Progress = func(e fit.Epoch) error {
				if e.Complete() && e.Number > 1 { // the first compiles
					total += e.Duration
				}
				return nil
			}
			seeds := make([]uint64, n)
			for i := range seeds {
				seeds[i] = uint64(i + 1)
			}
			if _, err := FitAll(context.Background(), backend, cfg, seeds, x, nil); err != nil {
				b.Fatal(err)
			}
			steps := float64(rows / 32 * max(b.N, 2))
			b.ReportMetric(float64(total.Microseconds())/steps, "us/step")
			b.ReportMetric(float64(total.Microseconds())/steps/float64(n), "us/step/seed")
			b.ReportMetric(0, "ns/op")
		})
	}
}
