package fit

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// draw draws values as the steps of a training do: from consecutive keys.
func draw(t *testing.T, b compute.Backend, shape shapes.Shape, steps int) []float64 {
	t.Helper()
	e, err := graph.NewExec(b, func(key *graph.Node) *graph.Node {
		return graph.ConvertDType(Normal(rngState(key), shape), dtypes.Float64)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Finalize()
	var all []float64
	key := uint64(12345)
	for range steps {
		out, err := e.Call1(key)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tensors.MustCopyFlatData[float64](out)...)
		key += keyIncrement
	}
	return all
}

// TestNormal checks moments, the Kolmogorov-Smirnov distance to the normal
// distribution, and that values do not depend on their neighbours or on the
// step before.
func TestNormal(t *testing.T) {
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.Float64} {
		t.Run(dtype.String(), func(t *testing.T) {
			devicetest.Each(t, func(t *testing.T, b compute.Backend) {
				const perStep, steps = 667 * 3, 50 // odd, so that a pair is cut
				x := draw(t, b, shapes.Make(dtype, 667, 3), steps)
				n := float64(len(x))
				mean := func(f func(i int) float64) float64 {
					sum := 0.0
					for i := range x {
						sum += f(i)
					}
					return sum / n
				}
				lag := func(k int) float64 { return mean(func(i int) float64 { return x[i] * x[(i+k)%len(x)] }) }
				for name, law := range map[string]struct{ got, want, deviation float64 }{
					"mean":                    {mean(func(i int) float64 { return x[i] }), 0, 1},
					"variance":                {mean(func(i int) float64 { return x[i] * x[i] }), 1, math.Sqrt(2)},
					"third moment":            {mean(func(i int) float64 { return math.Pow(x[i], 3) }), 0, math.Sqrt(15)},
					"fourth moment":           {mean(func(i int) float64 { return math.Pow(x[i], 4) }), 3, math.Sqrt(96)},
					"next value":              {lag(1), 0, 1},
					"other value of the pair": {lag((perStep + 1) / 2), 0, 1},
					"same place, next step":   {lag(perStep), 0, 1},
				} {
					if off := math.Abs(law.got - law.want); off > 4*law.deviation/math.Sqrt(n) {
						t.Errorf("%s = %v, want %v: %.1f standard errors off", name, law.got, law.want, off*math.Sqrt(n)/law.deviation)
					}
				}
				slices.Sort(x)
				distance := 0.0
				for i, v := range x {
					p := 0.5 * math.Erfc(-v/math.Sqrt2)
					distance = max(distance, math.Abs(p-float64(i)/n), math.Abs(p-float64(i+1)/n))
				}
				if limit := 1.95 / math.Sqrt(n); distance > limit { // p = 0.001
					t.Errorf("Kolmogorov-Smirnov distance %v, want at most %v", distance, limit)
				}
			})
		})
	}
}

// TestSineCosine holds the polynomials to the library.
func TestSineCosine(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		turns := make([]float32, 1001)
		for i := range turns {
			turns[i] = float32(i)/1000 - 0.5
		}
		out, err := graph.CallOnceN(b, func(v *graph.Node) []*graph.Node {
			s, c := sineCosine(v)
			return []*graph.Node{s, c}
		}, turns)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range turns {
			s, c := math.Sincos(2 * math.Pi * float64(v))
			gotS, gotC := tensors.MustCopyFlatData[float32](out[0])[i], tensors.MustCopyFlatData[float32](out[1])[i]
			if math.Abs(float64(gotS)-s) > 1e-6 || math.Abs(float64(gotC)-c) > 1e-6 {
				t.Fatalf("at %v turns: sine %v cosine %v, want %v %v", v, gotS, gotC, s, c)
			}
		}
	})
}

// BenchmarkNormal compares with graph.RandomNormal, 1000 draws a call.
func BenchmarkNormal(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, rows := range []int{32, 2048} {
		shape := shapes.Make(dtypes.Float32, rows, 2)
		for name, f := range map[string]func(rng *graph.Node) *graph.Node{
			"fit":   func(rng *graph.Node) *graph.Node { return Normal(rng, shape) },
			"gomlx": func(rng *graph.Node) *graph.Node { _, z := graph.RandomNormal(rng, shape); return z },
		} {
			b.Run(fmt.Sprintf("%s/rows=%d", name, rows), func(b *testing.B) {
				e, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
					return loop(in[0], in[1], 1, []*graph.Node{in[2], in[3]}, func(now []*graph.Node, _ *graph.Node) []*graph.Node {
						return []*graph.Node{graph.Add(now[0], graph.Const(now[0].Graph(), keyIncrement)), graph.Add(now[1], f(rngState(now[0])))}
					})
				})
				if err != nil {
					b.Fatal(err)
				}
				defer e.Finalize()
				sum := tensors.FromShape(shape)
				best := time.Hour
				for range b.N + 1 {
					began := time.Now()
					if _, err := e.Call(int32(0), int32(1000), uint64(1), sum); err != nil {
						b.Fatal(err)
					}
					best = min(best, time.Since(began))
				}
				b.ReportMetric(float64(best.Nanoseconds())/1e6, "best-us/draw")
			})
		}
	}
}
