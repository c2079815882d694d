package lstm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// BenchmarkScanTrain is one training step of a forward LSTM(96) over long
// sequences with 42 inputs: scan, the loss on the last state, back-propagation
// through time, a plain descent. The peer on the same work is lax.scan in JAX.
func BenchmarkScanTrain(b *testing.B) {
	for _, steps := range []int{32, 64, 128} {
		for _, batch := range []int{32, 128} {
			b.Run(fmt.Sprintf("steps=%d/batch=%d", steps, batch), func(b *testing.B) { benchmarkScan(b, steps, batch) })
		}
	}
}

func benchmarkScan(b *testing.B, steps, batch int) {
	const inputs, units, outputs, rate = 42, 96, 8, 1e-3
	backend := devicetest.XLA(b)
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
	step := graph.MustNewExec(backend, func(in []*graph.Node) []*graph.Node {
		x, params := in[0], in[1:]
		g := x.Graph()
		projection := graph.Add(graph.MatMul(x, params[0]), graph.ExpandLeftToRank(params[2], 3))
		keep := graph.Const(g, make3(steps, batch))
		states := scan(projection, keep, params[1])
		last := graph.Squeeze(graph.Slice(states.hidden, graph.AxisElem(steps-1)), 0)
		out := graph.Sub(graph.Sigmoid(graph.MatMul(last, params[3])), graph.Const(g, float32(0.5)))
		loss := graph.ReduceAllMean(graph.Mul(out, out))
		above := graph.Gradient(loss, states.hidden, params[3])
		dz := states.backpropagate(above[0], keep, params[1])
		below := graph.Gradient(graph.ReduceAllSum(graph.Mul(projection, graph.StopGradient(dz))), params[0], params[2])
		gradients := []*graph.Node{below[0],
			graph.EinsumAxes(graph.Mul(shift(states.hidden), keep), dz, [][2]int{{0, 0}, {1, 1}}, nil), below[1], above[1]}
		next := []*graph.Node{loss}
		for i, p := range params {
			next = append(next, graph.Sub(p, graph.Mul(gradients[i], graph.Const(g, float32(rate)))))
		}
		return next
	})
	x := tensor(1, steps, batch, inputs)
	state := []any{x, tensor(.1, inputs, 4*units), tensor(.1, units, 4*units), tensor(.1, 4*units), tensor(.1, units, outputs)}
	run := func() {
		out, err := step.Call(state...)
		if err != nil {
			b.Fatal(err)
		}
		for i, t := range out[1:] {
			state[i+1].(*tensors.Tensor).MustFinalizeAll()
			state[i+1] = t
		}
	}
	run()
	b.ResetTimer()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "us/step")
	b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// make3 is [steps, batch, 1] of ones, zero in the first step.
func make3(steps, batch int) [][][]float32 {
	keep := make([][][]float32, steps)
	for t := range keep {
		keep[t] = make([][]float32, batch)
		for i := range keep[t] {
			keep[t][i] = []float32{float32(min(t, 1))}
		}
	}
	return keep
}
