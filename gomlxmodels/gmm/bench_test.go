package gmm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

// clouds are n points of 25 round clouds in the plane, and the same start for
// everybody: the first 25 points with unit covariances.
func clouds(n int) (*mat.Dense, *Start) {
	r := rand.New(rand.NewPCG(0, 0))
	var centers [25][2]float64
	for k := range centers {
		centers[k] = [2]float64{4 * r.NormFloat64(), 4 * r.NormFloat64()}
	}
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		c := centers[r.IntN(25)]
		x.SetRow(i, []float64{c[0] + r.NormFloat64()/2, c[1] + r.NormFloat64()/2})
	}
	s := &Start{}
	for k := range 25 {
		s.Means = append(s.Means, mat.Row(nil, k, x))
		s.Covariances = append(s.Covariances, symmetric([][]float64{{1, 0}, {0, 1}}))
	}
	return x, s
}

// BenchmarkIterations is 50 EM iterations of 25 full components in the plane from
// a given start, the compiled program at hand.
func BenchmarkIterations(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, start := clouds(n)
			e, err := newEngine(backend, Full, 2)
			if err != nil {
				b.Fatal(err)
			}
			cfg := DefaultConfig()
			cfg.Start, cfg.Tolerance, cfg.MaxIterations = start, 0, 1
			if _, err := e.model(context.Background(), x, cfg, rand.NewPCG(1, 1)); err != nil {
				b.Fatal(err)
			}
			cfg.MaxIterations = 50
			var m *Model
			for b.Loop() {
				if m, err = e.model(context.Background(), x, cfg, rand.NewPCG(1, 1)); err != nil {
					b.Fatal(err)
				}
			}
			perIteration := b.Elapsed().Seconds() / float64(b.N) / 50
			b.ReportMetric(perIteration*1e3, "ms/iteration")
			b.ReportMetric(float64(n)/perIteration, "rows/s")
			b.ReportMetric(m.MeanLogLikelihood, "loglik")
		})
	}
}

// BenchmarkFit is a whole fit from k-means++, compilation included.
func BenchmarkFit(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, _ := clouds(n)
			cfg := DefaultConfig()
			cfg.Components = 25
			var m *Model
			var err error
			for b.Loop() {
				if m, err = Fit(context.Background(), backend, x, cfg, rand.NewPCG(1, 1)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(m.MeanLogLikelihood, "loglik")
			b.ReportMetric(float64(m.Iterations), "iterations")
		})
	}
}

// BenchmarkScale is the cost of 5 iterations, start by k-means++ and compilation
// apart, against the number of rows: time a row and iteration, and memory a row beyond
// the matrix given, the device's copy included. The matrix itself is 16 bytes a row.
func BenchmarkScale(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, n := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, start := clouds(n)
			cfg := DefaultConfig()
			cfg.Start, cfg.Tolerance = start, 0
			e, err := newEngine(backend, Full, 2)
			if err != nil {
				b.Fatal(err)
			}
			run := func(iterations int) time.Duration {
				cfg.MaxIterations = iterations
				began := time.Now()
				if _, err := e.model(context.Background(), x, cfg, rand.NewPCG(1, 1)); err != nil {
					b.Fatal(err)
				}
				return time.Since(began)
			}
			run(1) // compiles
			var peak int64
			var took time.Duration
			for b.Loop() {
				one := run(1)
				peak = devicetest.PeakMemory(func() { took = run(6) - one })
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(5*n), "ns/row/iteration")
			b.ReportMetric(float64(peak)/float64(n), "B/row")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSearch chooses between 1 and 25 components by BIC as the generators do,
// compilation included.
func BenchmarkSearch(b *testing.B) {
	backend := devicetest.Fastest(b)
	for _, n := range []int{3_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, _ := clouds(n)
			cfg := PositionConfig{End: DefaultConfig(), Body: DefaultConfig()}
			for b.Loop() {
				p, err := FitByPosition(context.Background(), backend, x, []int{n}, cfg, rand.NewPCG(1, 1))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(p.Body.Components()), "components")
			}
		})
	}
}

// BenchmarkPositions fits a mixture to each of eight places of 700 flows, with 1 to 8
// components, compilation included.
func BenchmarkPositions(b *testing.B) {
	backend := devicetest.Fastest(b)
	x, _ := clouds(700 * 8)
	lengths := make([]int, 700)
	for i := range lengths {
		lengths[i] = 8
	}
	for b.Loop() {
		if _, err := FitByPosition(context.Background(), backend, x, lengths, DefaultPositionConfig(), rand.NewPCG(1, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
