package fit

import (
	"context"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// looped is byHand with each gradient brought together by a While loop of four
// rounds, a quarter in each.
func looped(s Step) (loss *graph.Node, terms, gradients []*graph.Node) {
	loss, terms, gradients = byHand(s)
	g := loss.Graph()
	for i, whole := range gradients {
		quarter := graph.Mul(whole, graph.Const(g, 0.25))
		state := func(g *graph.Graph) (t, sum, part *graph.Node) {
			return graph.Parameter(g, "t", shapes.Make(dtypes.Int32)),
				graph.Parameter(g, "sum", whole.Shape()), graph.Parameter(g, "part", whole.Shape())
		}
		again := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
			t, _, _ := state(g)
			return []*graph.Node{graph.LessThan(t, graph.Const(g, int32(4)))}
		})
		once := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
			t, sum, part := state(g)
			return []*graph.Node{graph.Add(t, graph.Const(g, int32(1))), graph.Add(sum, part), part}
		})
		gradients[i] = graph.While(again, once, graph.Const(g, int32(0)), graph.Mul(whole, graph.Const(g, 0.0)), quarter)[1]
	}
	return loss, terms, gradients
}

// TestNestedLoops: a problem with loops of its own runs whole epochs as one
// program, loops within the loop over the steps, to the same result.
func TestNestedLoops(t *testing.T) {
	b := devicetest.XLA(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.LearningRate, cfg.ValidationFraction = 5, 0.05, 0.1
	want, _, err := Run(context.Background(), b, cfg, lineParams(), line(131), Problem{Loss: squares, TermNames: []string{"abs"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, result, err := Run(context.Background(), b, cfg, lineParams(), line(131), Problem{Gradient: looped, TermNames: []string{"abs"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !result.WholeEpochs {
		t.Error("epochs were run step by step")
	}
	for i, v := range flat(t, got) {
		if w := flat(t, want)[i]; math.Abs(v-w) > 1e-12 {
			t.Errorf("weight %d = %v with loops, %v without", i, v, w)
		}
	}
}
