package fit

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// lines is squares with noise on the inputs, for one model or a stack.
func lines(s Step) (loss *graph.Node, terms []*graph.Node) {
	x, y := s.Inputs[0], s.Inputs[1] // [..., batch, 2], [..., batch]
	x = graph.Add(x, graph.MulScalar(Normal(s.RNG, x.Shape()), 0.1))
	w := graph.InsertAxes(s.Params[0], -2) // [..., 1, 2]
	bias := graph.InsertAxes(s.Params[1], -1)
	if bias.Rank() == 1 { // one model
		bias = graph.Reshape(bias, 1)
	}
	diff := graph.Sub(graph.Add(graph.ReduceSum(graph.Mul(x, w), -1), bias), y)
	return Mean(graph.Square(diff), s.Mask), []*graph.Node{Mean(graph.Abs(diff), s.Mask)}
}

func stackable() Problem { return Problem{Loss: lines, TermNames: []string{"abs"}, Stacks: true} }

// TestSpans: an epoch whose rows are put in order piece by piece is the epoch whose
// rows are put in order at once, alone and in a stack, with a short last batch.
func TestSpans(t *testing.T) {
	b := devicetest.XLA(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.ValidationFraction = 3, 8, 0.05, 0.1
	const small = 10 * 8 * 24 // ten batches of the rows' three float64
	var alone [2][]float64
	var stacked [2][][]float64
	for i, bytes := range []int{spanBytes, small} {
		one, err := newTrainer(b, cfg, lineParams(), line(451), stackable(), nil)
		if err != nil {
			t.Fatal(err)
		}
		one.spanBytes = bytes
		p, _, err := one.run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		alone[i] = flat(t, p)
		s, err := newStack(b, cfg, []uint64{1, 2}, []Params{lineParams(), lineParams()}, line(451), stackable(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.models[0].spanBytes = 2 * bytes
		if err := s.compile(); err != nil {
			t.Fatal(err)
		}
		all, _, err := s.run(context.Background())
		s.release()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			stacked[i] = append(stacked[i], flat(t, p))
		}
	}
	if !slices.Equal(alone[0], alone[1]) {
		t.Errorf("in spans %v, at once %v", alone[1], alone[0])
	}
	for m := range stacked[0] {
		if !slices.Equal(stacked[0][m], stacked[1][m]) {
			t.Errorf("model %d of a stack: in spans %v, at once %v", m, stacked[1][m], stacked[0][m])
		}
	}
	for k, v := range alone[0] {
		if math.Abs(stacked[0][0][k]-v) > 1e-12 {
			t.Errorf("weight %d is %v in a stack, %v alone", k, stacked[0][0][k], v)
		}
	}
}

// TestStackDiverges: a model that breaks ends alone, the others as they would
// without it.
func TestStackDiverges(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.LearningRate = 4, 0.05
		bad := lineParams()
		bad.Values[0].MustMutableFlatData(func(flat any) { flat.([]float64)[1] = 1e200 })
		got, results, err := RunStack(context.Background(), b, cfg, []uint64{1, 2}, []Params{bad, lineParams()}, line(100), stackable(), nil)
		if err == nil || !strings.Contains(err.Error(), "seed 1: fit: training diverged in epoch 1") || strings.Contains(err.Error(), "seed 2") {
			t.Errorf("error %v, want that seed 1 alone diverged", err)
		}
		if results[0].Stop != StopFailed || results[1].Stop != StopEpochs {
			t.Errorf("stops %q and %q", results[0].Stop, results[1].Stop)
		}
		cfg.Seed = 2
		want, _, err := Run(context.Background(), b, cfg, lineParams(), line(100), stackable(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range flat(t, want) {
			if math.Abs(flat(t, got[1])[k]-v) > 1e-12 {
				t.Errorf("weight %d beside a broken model is %v, alone %v", k, flat(t, got[1])[k], v)
			}
		}
	})
}

func TestRunStackRefuses(t *testing.T) {
	b := devicetest.Go(t)
	plain := Problem{Loss: squares, TermNames: []string{"abs"}}
	wide := Params{Names: []string{"w"}, Values: lineParams().Values[:1]}
	for _, test := range []struct {
		name    string
		seeds   []uint64
		params  []Params
		problem Problem
		want    string
	}{
		{"no seeds", nil, nil, stackable(), "0 seeds"},
		{"counts", []uint64{1, 2}, []Params{lineParams()}, stackable(), "2 seeds and 1 sets"},
		{"not for stacks", []uint64{1}, []Params{lineParams()}, plain, "cannot be stacked"},
		{"twice", []uint64{1, 1}, []Params{lineParams(), lineParams()}, stackable(), "seed 1 is there twice"},
		{"other shapes", []uint64{1, 2}, []Params{lineParams(), wide}, stackable(), "other shapes"},
	} {
		_, _, err := RunStack(context.Background(), b, DefaultConfig(), test.seeds, test.params, line(9), test.problem, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want it to say %q", test.name, err, test.want)
		}
	}
}
