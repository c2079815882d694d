//go:build unix

package lstm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// BenchmarkScanTrain is the training of a forward LSTM(96) over long sequences
// with 42 inputs: scan, a loss on the last state, back-propagation through time,
// Adam, in programs of many steps as fit runs them; one iteration is an epoch of
// eight. The peer on the same work is lax.scan in JAX. It reports the best and
// the mean time of a step, the processors' time, and the seconds from the start
// to the end of the first epoch, which are the compilation's.
func BenchmarkScanTrain(b *testing.B) {
	for _, steps := range []int{32, 64, 128, 256} {
		for _, batch := range []int{32, 128} {
			b.Run(fmt.Sprintf("steps=%d/batch=%d", steps, batch), func(b *testing.B) {
				took := trainScanned(b, devicetest.XLA(b), steps, batch, b.N)
				b.ReportMetric(took.best, "best-us/step")
				b.ReportMetric(took.mean, "us/step")
				b.ReportMetric(took.processor, "cpu-us/step")
				b.ReportMetric(float64(batch)*1e6/took.mean, "rows/s")
				b.ReportMetric(took.compile, "s-compile")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// TestScanLinear: the time of a step grows with the length of the rows and not
// with its square, as it does unrolled; nor does the time of the compiler.
func TestScanLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a measurement")
	}
	backend := devicetest.XLA(t)
	short, long := trainScanned(t, backend, 32, 32, 6), trainScanned(t, backend, 256, 32, 2)
	t.Logf("32 steps %.0f us, 256 steps %.0f us, compiled in %.1f and %.1f s", short.processor, long.processor, short.compile, long.compile)
	if ratio := long.processor / short.processor; ratio > 32 { // on a busy machine caches are smaller
		t.Errorf("a row 8 times as long costs %.1f times as much: want about 8, and far from 64", ratio)
	}
	if long.compile > 4*short.compile+2 {
		t.Errorf("256 steps take %.1f s to compile, 32 steps %.1f s", long.compile, short.compile)
	}
}

// took is what a step costs, in microseconds, and the compilation in seconds.
type took struct{ best, mean, processor, compile float64 }

// trainScanned trains for so many epochs after the one that compiles.
func trainScanned(t testing.TB, backend compute.Backend, steps, batch, epochs int) took {
	const inputs, units, outputs, perEpoch = 42, 96, 8, 8
	random := rand.New(rand.NewPCG(1, 1))
	tensor := func(scale float64, dims ...int) *tensors.Tensor {
		size := 1
		for _, d := range dims {
			size *= d
		}
		flat := make([]float32, size)
		for i := range flat {
			flat[i] = float32(random.NormFloat64() * scale)
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...)
	}
	params := fit.Params{Names: []string{"input", "recurrent", "bias", "output"}, Values: []*tensors.Tensor{
		tensor(.1, inputs, 4*units), tensor(.1, units, 4*units), tensor(.1, 4*units), tensor(.1, units, outputs)}}
	cfg := fit.DefaultConfig()
	cfg.Batch, cfg.Epochs = batch, epochs+1
	var out took
	var processor time.Duration
	began := time.Now()
	_, _, err := fit.Run(context.Background(), backend, cfg, params, []*tensors.Tensor{tensor(1, perEpoch*batch, steps, inputs)},
		fit.Problem{Gradient: lastStateGradient}, func(e fit.Epoch) error {
			perStep := float64(e.Duration.Nanoseconds()) / 1e3 / perEpoch
			switch {
			case !e.Complete():
			case e.Number == 1:
				out.compile = time.Since(began).Seconds()
				processor = used()
			default:
				out.mean += perStep / float64(epochs)
				if out.best == 0 || perStep < out.best {
					out.best = perStep
				}
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	out.processor = float64((used() - processor).Nanoseconds()) / 1e3 / perEpoch / float64(epochs)
	return out
}

// lastStateGradient is the squared distance of outputs of the last state from a
// half, with gradients through a scan.
func lastStateGradient(s fit.Step) (*Node, []*Node, []*Node) {
	x, p := TransposeAllDims(s.Inputs[0], 1, 0, 2), s.Params
	g, dims := x.Graph(), x.Shape().Dimensions
	projection := Add(MatMul(x, p[0]), ExpandLeftToRank(p[2], 3))
	keep := Const(g, startsOnce(dims[0], dims[1]))
	states := scan(projection, keep, p[1])
	last := Squeeze(Slice(states.hidden, AxisElem(dims[0]-1)), 0)
	out := Sub(Sigmoid(MatMul(last, p[3])), Const(g, float32(0.5)))
	loss := ReduceAllMean(Mul(out, out))
	above := Gradient(loss, states.hidden, p[3])
	dz := states.backpropagate(above[0], keep, p[1])
	cell := states.weights(x, keep, dz)
	return loss, nil, []*Node{cell[0], cell[1], cell[2], above[1]}
}

// startsOnce is keep [steps, batch, 1] of rows that hold one flow each.
func startsOnce(steps, batch int) [][][]float32 {
	keep := make([][][]float32, steps)
	for t := range keep {
		keep[t] = make([][]float32, batch)
		for i := range keep[t] {
			keep[t][i] = []float32{float32(min(t, 1))}
		}
	}
	return keep
}

// used is what this process has used of all processors.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
