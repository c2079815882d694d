package drawn

import (
	"context"
	"iter"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// recorded is a generator.Generator of flows that were drawn before.
type recorded struct{ flows []*flow.Flow }

// Flows yields copies of the flows in their order, as often as the request bounds them
// but never more than once each. A rate factor divides the times between starts.
func (g recorded) Flows(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		first := g.flows[0].Start()
		for n, f := range g.flows {
			at, within, err := r.At(int64(n), float64(f.Start()-first)/r.Factor())
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !within {
				return
			}
			moved := *f
			moved.Packets = slices.Clone(f.Packets)
			move(&moved, at)
			if !yield(&moved, nil) {
				return
			}
		}
	}
}
