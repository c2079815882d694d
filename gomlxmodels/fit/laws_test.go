package fit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// byHand is squares with gradients by graph.Gradient: a problem that brings its own.
func byHand(s Step) (loss *graph.Node, terms, gradients []*graph.Node) {
	loss, terms = squares(s)
	return loss, terms, graph.Gradient(loss, s.Params...)
}

// TestStepByStep: an epoch as one program and the same steps one by one give
// the same course, with padding, clipping and validation.
func TestStepByStep(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.LearningRate, cfg.ClipNorm, cfg.ValidationFraction = 6, 0.05, 0.5, 0.1
		want, a, err := Run(context.Background(), b, cfg, lineParams(), line(131), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		stepwise, err := newTrainer(b, cfg, lineParams(), line(131), Problem{Gradient: byHand, TermNames: []string{"abs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		stepwise.whole = false
		got, c, err := stepwise.run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if a.WholeEpochs != loops(b) {
			t.Errorf("whole epochs: %v", a.WholeEpochs)
		}
		for i, v := range flat(t, got) {
			if w := flat(t, want)[i]; math.Abs(v-w) > 1e-12 {
				t.Errorf("weight %d = %v step by step, %v in a program", i, v, w)
			}
		}
		for i, e := range c.Epochs {
			w := a.Epochs[i]
			if math.Abs(e.Loss-w.Loss) > 1e-12 || math.Abs(e.ValidationLoss-w.ValidationLoss) > 1e-12 || math.Abs(e.Terms["abs"]-w.Terms["abs"]) > 1e-12 {
				t.Errorf("epoch %d: %+v step by step, %+v in a program", i+1, e, w)
			}
		}
	})
}

// TestAdamByHand holds three steps of one weight to Adam in plain Go, and the
// epoch's loss to the mean over rows, of which the last batch has fewer.
func TestAdamByHand(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5}
	const rate, batch = 0.1, 2
	w, m, v, loss := 0.0, 0.0, 0.0, 0.0
	for step := range 3 {
		rows := x[batch*step : min(batch*(step+1), len(x))]
		g := 0.0
		for _, row := range rows {
			g += 2 * (w - row) / float64(len(rows))
			loss += (w - row) * (w - row) / float64(len(x))
		}
		g *= min(1, 3/math.Abs(g)) // clipped to norm 3
		m, v = 0.9*m+0.1*g, 0.999*v+0.001*g*g
		n := float64(step + 1)
		w -= rate * math.Sqrt(1-math.Pow(float64(float32(0.999)), n)) / (1 - math.Pow(float64(float32(0.9)), n)) * m / (math.Sqrt(v) + 1e-7)
	}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.ClipNorm, cfg.KeepOrder = 1, batch, rate, 3, true
		start := Params{Names: []string{"w"}, Values: []*tensors.Tensor{tensors.FromScalar(0.0)}}
		p, result, err := Run(context.Background(), b, cfg, start, []*tensors.Tensor{tensors.FromValue(x)}, Problem{Loss: func(s Step) (*graph.Node, []*graph.Node) {
			return Mean(graph.Square(graph.Sub(s.Inputs[0], s.Params[0])), s.Mask), nil
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := flat(t, p)[0]; math.Abs(got-w) > 1e-12 {
			t.Errorf("w = %v, want %v", got, w)
		}
		if got := result.Epochs[0].Loss; math.Abs(got-loss) > 1e-12 {
			t.Errorf("loss = %v, want %v", got, loss)
		}
		if tensors.ToScalar[float64](start.Values[0]) != 0 {
			t.Error("Run changed the caller's parameters")
		}
	})
}

// TestSchedule: halving on a plateau, early stop and the best parameters.
func TestSchedule(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.LearningRate, cfg.PlateauPatience, cfg.StopPatience, cfg.KeepBest = 400, 2, 3, 25, true // far too fast at first
	cfg.MinLearningRate = 0.5
	p, result, err := Run(context.Background(), b, cfg, lineParams(), line(64), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.Stop != StopEarly || len(result.Epochs) == 400 {
		t.Errorf("stopped by %q after %d epochs, want an early stop", result.Stop, len(result.Epochs))
	}
	rates := map[float64]bool{}
	best := 0
	for i, e := range result.Epochs {
		rates[e.LearningRate] = true
		if e.Loss < result.Epochs[best].Loss {
			best = i
		}
	}
	if len(rates) != 3 || !rates[2] || !rates[1] || !rates[0.5] {
		t.Errorf("learning rates %v, want 2, 1 and the floor 0.5", rates)
	}
	if result.Best != best+1 {
		t.Errorf("best epoch %d, want %d", result.Best, best+1)
	}
	cfg.KeepBest, cfg.StopPatience, cfg.Epochs = false, 0, best+1
	last, _, err := Run(context.Background(), b, cfg, lineParams(), line(64), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(flat(t, p), flat(t, last)) {
		t.Error("the parameters are not those of the best epoch")
	}
}

// TestDiverged: the error names the epoch, the parameters are the last good.
func TestDiverged(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.LearningRate = 10, 1e200
		p, result, err := Run(context.Background(), b, cfg, lineParams(), line(64), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
		var diverged *DivergedError
		if !errors.As(err, &diverged) || diverged.Epoch != 1 || result.Stop != StopFailed {
			t.Fatalf("error %v, stop %q: want a *DivergedError in epoch 1", err, result.Stop)
		}
		for _, v := range flat(t, p) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("parameters %v, want finite ones", flat(t, p))
			}
		}
	})
}

// TestCancel: a long epoch ends soon after its context.
func TestCancel(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Batch = 1
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var at time.Time
		_, result, err := Run(ctx, b, cfg, lineParams(), line(2_000_000), Problem{Loss: squares, TermNames: []string{"abs"}}, func(e Epoch) error {
			if at.IsZero() && e.Done > 100 {
				at = time.Now()
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || result.Stop != StopInterrupted {
			t.Fatalf("error %v, stop %q", err, result.Stop)
		}
		if took := time.Since(at); took > time.Second {
			t.Errorf("returned %v after the context ended", took)
		}
	})
}

func TestRunRefuses(t *testing.T) {
	b := devicetest.Go(t)
	good := Problem{Loss: squares, TermNames: []string{"abs"}}
	with := func(change func(*Config)) Config {
		cfg := DefaultConfig()
		change(&cfg)
		return cfg
	}
	half := Params{Names: []string{"w", "b"}, Values: []*tensors.Tensor{tensors.FromValue([]float64{0, 0}), tensors.FromScalar(float32(0))}}
	for _, test := range []struct {
		name    string
		cfg     Config
		params  Params
		data    []*tensors.Tensor
		problem Problem
		want    string
	}{
		{"config", with(func(c *Config) { c.Epochs, c.MinLearningRate, c.ClipNorm = 0, -1, math.NaN() }), lineParams(), line(9), good, "epochs = 0"},
		{"no problem", DefaultConfig(), lineParams(), line(9), Problem{}, "exactly one of Loss and Gradient"},
		{"no data", DefaultConfig(), lineParams(), nil, good, "no data"},
		{"unequal rows", DefaultConfig(), lineParams(), []*tensors.Tensor{line(9)[0], line(8)[1]}, good, "must have 9 rows"},
		{"no parameters", DefaultConfig(), Params{}, line(9), good, "at least one"},
		{"mixed types", DefaultConfig(), half, line(9), good, `"b" is Float32: must be Float64`},
		{"same name", DefaultConfig(), Params{Names: []string{"w", "w"}, Values: lineParams().Values}, line(9), good, "used twice"},
		{"row out of range", with(func(c *Config) { c.ValidationRows = []int{9} }), lineParams(), line(9), good, "validation row 9"},
		{"nothing left", with(func(c *Config) { c.ValidationRows = []int{0, 1} }), lineParams(), line(2), good, "none is left"},
		{"terms", DefaultConfig(), lineParams(), line(9), Problem{Loss: squares}, "1 terms for 0 term names"},
		{"loss per row", DefaultConfig(), lineParams(), line(9), Problem{Loss: func(s Step) (*graph.Node, []*graph.Node) { return s.Inputs[1], nil }}, "must be a scalar"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := Run(context.Background(), b, test.cfg, test.params, test.data, test.problem, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to say %q", err, test.want)
			}
		})
	}
}

// TestResumeRefuses: a checkpoint of another training is not taken up.
func TestResumeRefuses(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Checkpoint = 1, t.TempDir()
	problem := Problem{Loss: squares, TermNames: []string{"abs"}}
	if _, _, err := Run(context.Background(), b, cfg, lineParams(), line(50), problem, nil); err != nil {
		t.Fatal(err)
	}
	_, _, err := Run(context.Background(), b, cfg, lineParams(), line(51), problem, nil)
	if err == nil || !strings.Contains(err.Error(), "belongs to another training") {
		t.Errorf("error %v, want that the checkpoint belongs to another training", err)
	}
	if err := Save(cfg.Checkpoint, lineParams()); err != nil {
		t.Fatal(err)
	}
	if _, _, err = Run(context.Background(), b, cfg, lineParams(), line(50), problem, nil); err == nil || !strings.Contains(err.Error(), "not a training checkpoint") {
		t.Errorf("error %v, want that it is not a training checkpoint", err)
	}
}

// TestFloat32 fits the line in float32.
func TestFloat32(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Epochs, cfg.LearningRate = 40, 0.05
		var data []*tensors.Tensor
		for _, d := range line(200) {
			var narrow []float32
			for _, v := range tensors.MustCopyFlatData[float64](d) {
				narrow = append(narrow, float32(v))
			}
			data = append(data, tensors.FromFlatDataAndDimensions(narrow, d.Shape().Dimensions...))
		}
		start := Params{Names: []string{"w", "b"}, Values: []*tensors.Tensor{tensors.FromValue([]float32{0, 0}), tensors.FromScalar(float32(0))}}
		p, _, err := Run(context.Background(), b, cfg, start, data, Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := p.Get("w")
		if got := tensors.MustCopyFlatData[float32](w); w.DType() != dtypes.Float32 || math.Abs(float64(got[0])-2) > 0.02 || math.Abs(float64(got[1])+3) > 0.02 {
			t.Errorf("w = %v of %s, want 2, -3 of float32", got, w.DType())
		}
	})
}
