package fit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// fast overshoots at first: its best epoch is not its last.
func fast() Config {
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.KeepBest = 9, 16, 2, true
	return cfg
}

// TestInterruptedBest: a training that keeps the best and is interrupted gives
// the best parameters so far, and its checkpoint still leads to the bytes of an
// uninterrupted one.
func TestInterruptedBest(t *testing.T) {
	b := devicetest.Go(t)
	problem := Problem{Loss: noisy, TermNames: []string{"abs"}}
	want, _, err := Run(context.Background(), b, fast(), lineParams(), line(64), problem, nil)
	if err != nil {
		t.Fatal(err)
	}
	const stop = 6
	cfg := fast()
	cfg.Checkpoint = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got, result, err := Run(ctx, b, cfg, lineParams(), line(64), problem, func(e Epoch) error {
		if e.Number == stop && e.Complete() {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || result.Best >= stop || result.Best == 0 {
		t.Fatalf("error %v, best epoch %d: want an interruption after the best epoch", err, result.Best)
	}
	short := fast()
	short.Epochs, short.KeepBest = result.Best, false
	best, _, err := Run(context.Background(), b, short, lineParams(), line(64), problem, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(flat(t, got), flat(t, best)) {
		t.Errorf("interrupted with %v, the best epoch had %v", flat(t, got), flat(t, best))
	}
	got, _, err = Run(context.Background(), b, cfg, lineParams(), line(64), problem, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(flat(t, got), flat(t, want)) {
		t.Errorf("resumed to %v, an uninterrupted run to %v", flat(t, got), flat(t, want))
	}
}

// TestResumeIdentity: a checkpoint is taken up by its own training alone, and
// the error names what differs.
func TestResumeIdentity(t *testing.T) {
	b := devicetest.Go(t)
	problem := Problem{Loss: squares, TermNames: []string{"abs"}, Name: "squares"}
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Checkpoint, cfg.ValidationRows = 1, t.TempDir(), []int{3, 4}
	if _, _, err := Run(context.Background(), b, cfg, lineParams(), line(50), problem, nil); err != nil {
		t.Fatal(err)
	}
	other := line(50)
	other[1].MustMutableFlatData(func(flat any) { flat.([]float64)[49]++ })
	for _, test := range []struct {
		name string
		data []*tensors.Tensor
		edit func(c *Config, p *Problem)
		want string // "": it is taken up
	}{
		{"the same", line(50), func(*Config, *Problem) {}, ""},
		{"more epochs, another rate", line(50), func(c *Config, _ *Problem) { c.Epochs, c.LearningRate = 2, 1e-4 }, ""},
		{"one value of the data", other, func(*Config, *Problem) {}, "digest of data"},
		{"other rows held out", line(50), func(c *Config, _ *Problem) { c.ValidationRows = []int{3, 5} }, "digest of data, split"},
		{"fewer rows held out", line(50), func(c *Config, _ *Problem) { c.ValidationRows = []int{3} }, "number of training rows"},
		{"another loss", line(50), func(_ *Config, p *Problem) { p.Name = "cubes" }, "digest of data, split and loss"},
		{"seed", line(50), func(c *Config, _ *Problem) { c.Seed = 9 }, "seed"},
		{"batch", line(50), func(c *Config, _ *Problem) { c.Batch = 9 }, "batch size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, p := cfg, problem
			test.edit(&c, &p)
			_, _, err := Run(context.Background(), b, c, lineParams(), test.data, p, nil)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "remove the folder")) {
				t.Errorf("error %v, want it to say %q", err, test.want)
			}
		})
	}
}

// TestNeverNaN: whatever way a training breaks, it says so, and its parameters
// are finite and no worse than those it began with.
func TestNeverNaN(t *testing.T) {
	root := func(s Step) (*graph.Node, []*graph.Node) { // its derivative at 0 is 0/0
		return Mean(graph.Add(graph.MulScalar(s.Inputs[1], 0), graph.Sqrt(graph.Square(s.Params[1]))), s.Mask), nil
	}
	steep := func(s Step) (*graph.Node, []*graph.Node) { // stays finite
		loss, _ := squares(s)
		return loss, nil
	}
	overflow := func(s Step) (*graph.Node, []*graph.Node) { // for the validation rows alone
		loss, _ := squares(s)
		return graph.Exp(graph.MulScalar(loss, 1e3)), nil
	}
	for _, test := range []struct {
		name    string
		rate    float64
		problem Problem
		epoch   int // 0: any
	}{
		{"parameters, after the last step", 1e-3, Problem{Loss: root}, 1},
		{"finite explosion", 3e3, Problem{Loss: steep}, 0},
		{"validation loss", 1e-3, Problem{Loss: steep, Validation: overflow}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			devicetest.Each(t, func(t *testing.T, b compute.Backend) {
				cfg := DefaultConfig()
				cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.ValidationRows = 50, 64, test.rate, []int{1}
				cfg.Checkpoint, cfg.CheckpointEvery = t.TempDir(), 1
				p, result, err := Run(context.Background(), b, cfg, lineParams(), line(64), test.problem, nil)
				var diverged *DivergedError
				if !errors.As(err, &diverged) || result.Stop != StopFailed || test.epoch > 0 && diverged.Epoch != test.epoch {
					t.Fatalf("error %v, stop %q: want a *DivergedError", err, result.Stop)
				}
				for _, v := range flat(t, p) {
					if math.IsNaN(v) || math.Abs(v) > 1e4 {
						t.Errorf("parameters %v: want those before the explosion", flat(t, p))
					}
				}
				saved, err := Load(cfg.Checkpoint)
				if err != nil {
					if diverged.Epoch > 1 {
						t.Errorf("no good checkpoint is left: %v", err)
					}
					return
				}
				for _, v := range flat(t, Params{Values: saved.Values[:1]}) {
					if math.IsNaN(v) {
						t.Error("the checkpoint holds NaN")
					}
				}
			})
		})
	}
}
