// Package baseline has the generators that stand beside every other in a report:
//
//	Markov      a chain over exact packet tokens
//	Bootstrap   the training flows, drawn with replacement
//
// Both can be fitted in memory, without stages.
package baseline

import (
	"context"
	"iter"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// drawOne draws flow id, which starts at a time and has so many packets, 0: as many as
// it comes to. src is what random draws from.
type drawOne func(random *rand.Rand, src rand.Source, id, at, packets int64) *flow.Flow

// started yields the flows of a request, one after the other, each begun at the
// start of the one before it plus an arrival divided by the rate factor, or when the
// request's schedule says.
func started(ctx context.Context, r generator.Request, arrivals []int64, stream uint64, draw drawOne) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		src := rand.NewPCG(r.Seed, stream)
		random := rand.New(src)
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		var between float64 // nanoseconds since the start, without the rounding of each
		for id := int64(0); ; id++ {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			packets := int64(0)
			switch {
			case r.Schedule != nil && len(r.Schedule.Flows) == 0:
				yield(nil, generator.ErrFlows)
				return
			case r.Schedule != nil && id == int64(len(r.Schedule.Flows)):
				return
			case r.Schedule != nil:
				between, packets = float64(r.Schedule.Flows[id].After)/r.Factor(), r.Schedule.Flows[id].Packets
			case id > 0:
				between += float64(arrivals[random.IntN(len(arrivals))]) / r.Factor()
			}
			at, within, err := r.At(id, between)
			if err != nil {
				yield(nil, err)
				return
			}
			if !within || !yield(draw(random, src, id, at, packets), nil) {
				return
			}
		}
	}
}
