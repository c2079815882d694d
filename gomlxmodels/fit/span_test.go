package fit

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// jittered is squares with noise on the inputs.
func jittered(s Step) (loss *graph.Node, terms []*graph.Node) {
	x := s.Inputs[0]
	s.Inputs = []*graph.Node{graph.Add(x, graph.MulScalar(Normal(s.RNG, x.Shape()), 0.1)), s.Inputs[1]}
	return squares(s)
}

// TestSpans: an epoch whose rows are put in order piece by piece is the epoch whose
// rows are put in order at once, with a short last batch.
func TestSpans(t *testing.T) {
	b := devicetest.XLA(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.ValidationFraction = 3, 8, 0.05, 0.1
	const small = 10 * 8 * 24 // ten batches of the rows' three float64
	var trained [2][]float64
	for i, bytes := range []int{spanBytes, small} {
		one, err := newTrainer(b, cfg, lineParams(), line(451), Problem{Loss: jittered, TermNames: []string{"abs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		one.spanBytes = bytes
		p, _, err := one.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		trained[i] = flat(t, p)
	}
	if !slices.Equal(trained[0], trained[1]) {
		t.Errorf("in spans %v, at once %v", trained[1], trained[0])
	}
}
