package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
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
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
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

func flat(t *testing.T, p Params) []float64 {
	t.Helper()
	var all []float64
	for _, v := range p.Values {
		all = append(all, tensors.MustCopyFlatData[float64](v)...)
	}
	return all
}

func TestSaveLoadIdentity(t *testing.T) {
	dir := t.TempDir()
	p := Params{Names: []string{"z/kernel", "a/bias"}, Values: []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions([]float64{1, math.Pi, -3, 1e-300}, 2, 2), tensors.FromScalar(2.5)}}
	for range 2 { // the second replaces the first
		if err := Save(dir, p); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names, p.Names) || !slices.Equal(flat(t, got), flat(t, p)) {
		t.Errorf("loaded %v %v, saved %v %v", got.Names, flat(t, got), p.Names, flat(t, p))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("folder holds %v, want one checkpoint of two files", entries)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("an empty folder loads")
	}
}

// TestResumeSameBytes stops a training in the middle of an epoch, resumes it,
// and compares with one that ran through.
func TestResumeSameBytes(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.Batch, cfg.ValidationFraction, cfg.KeepBest = 9, 8, 0.2, true
		problem := Problem{Loss: noisy, TermNames: []string{"abs"}}
		want, whole, err := Run(context.Background(), b, cfg, lineParams(), line(700), problem, nil)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Checkpoint = t.TempDir()
		stops := 0
		var got Params
		var result Result
		for {
			ctx, cancel := context.WithCancel(context.Background())
			got, result, err = Run(ctx, b, cfg, lineParams(), line(700), problem, func(e Epoch) error {
				if stops < 2 && e.Number == 3*stops+2 {
					stops++
					cancel()
				}
				return nil
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				break
			}
			if result.Stop != StopInterrupted {
				t.Fatalf("stop = %q, want %q", result.Stop, StopInterrupted)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if stops != 2 {
			t.Fatalf("interrupted %d times, want 2", stops)
		}
		if !slices.Equal(flat(t, got), flat(t, want)) {
			t.Errorf("resumed to %v, an uninterrupted run to %v", flat(t, got), flat(t, want))
		}
		if len(result.Epochs) != len(whole.Epochs) || result.Epochs[8].Loss != whole.Epochs[8].Loss || result.Best != whole.Best || result.Steps != whole.Steps {
			t.Errorf("resumed result %+v, uninterrupted %+v", result, whole)
		}
	})
}

// noisy is squares with noise on the inputs: it uses the step's random state.
func noisy(s Step) (loss *graph.Node, terms []*graph.Node) {
	_, noise := graph.RandomNormal(s.RNG, s.Inputs[0].Shape())
	s.Inputs[0] = graph.Add(s.Inputs[0], graph.MulScalar(noise, 0.1))
	return squares(s)
}
