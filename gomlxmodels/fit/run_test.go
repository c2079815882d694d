package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// line is y = 2 x1 - 3 x2 + 1 with a little noise.
func line(n int) []*tensors.Tensor {
	rng := rand.New(rand.NewPCG(7, 7))
	x, y := make([]float64, 2*n), make([]float64, n)
	for i := range n {
		x[2*i], x[2*i+1] = rng.NormFloat64(), rng.NormFloat64()
		y[i] = 2*x[2*i] - 3*x[2*i+1] + 1 + 0.01*rng.NormFloat64()
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, n, 2), tensors.FromFlatDataAndDimensions(y, n)}
}

func lineParams() Params {
	return Params{Names: []string{"w", "b"}, Values: []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions([]float64{0, 0}, 2), tensors.FromScalar(0.0)}}
}

func squares(s Step) (loss *graph.Node, terms []*graph.Node) {
	x, y := s.Inputs[0], s.Inputs[1]
	diff := graph.Sub(graph.Add(graph.ReduceSum(graph.Mul(x, graph.ExpandAndBroadcast(s.Params[0], x.Shape().Dimensions, []int{0})), -1), s.Params[1]), y)
	loss = Mean(graph.Square(diff), s.Mask)
	return loss, []*graph.Node{Mean(graph.Abs(diff), s.Mask)}
}

func TestRunFitsLine(t *testing.T) {
	eachBackend(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.LearningRate, cfg.ValidationFraction = 60, 0.05, 0.2
		got, result, err := Run(context.Background(), b, cfg, lineParams(), line(250), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, bias := tensors.MustCopyFlatData[float64](got.Get("w")), tensors.MustCopyFlatData[float64](got.Get("b"))
		for i, want := range []float64{2, -3} {
			if math.Abs(w[i]-want) > 0.02 {
				t.Errorf("w[%d] = %v, want %v", i, w[i], want)
			}
		}
		if math.Abs(bias[0]-1) > 0.02 {
			t.Errorf("b = %v, want 1", bias[0])
		}
		last := result.Epochs[len(result.Epochs)-1]
		if last.Loss > 0.01 || last.ValidationLoss > 0.01 || last.Terms["abs"] <= 0 {
			t.Errorf("last epoch %+v: loss too high or no term", last)
		}
		t.Logf("%+v %v", last, result.WholeEpochs)
	})
}
