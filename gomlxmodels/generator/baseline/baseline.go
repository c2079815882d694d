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

// begin is when a flow starts, and how many packets a schedule gives it.
type begin struct {
	number  int64
	at      int64
	packets int64 // 0: no schedule

	before float64  // nanoseconds from the request's start to the flow before
	source rand.PCG // of the starts, before this one was drawn
}

// begins yields when the flows of a request start: each at the start of the one before it
// plus an arrival divided by the rate factor, or when the request's schedule says. Flows
// that start before the request's From are among them.
func begins(ctx context.Context, r generator.Request, arrivals []int64, stream uint64) iter.Seq2[begin, error] {
	return func(yield func(begin, error) bool) {
		if err := r.Validate(); err != nil {
			yield(begin{}, err)
			return
		}
		src := rand.NewPCG(r.Seed, stream)
		random := rand.New(src)
		n, after := int64(0), 0.0 // the next flow, and nanoseconds from the start to the last, without the rounding of each
		if r.Resume != nil {
			n, after = r.Resume.Number, r.Resume.After
			if err := r.Resume.Sourced(src); err != nil {
				yield(begin{}, err)
				return
			}
		}
		for ; ; n++ {
			b := begin{number: n, before: after, source: *src}
			switch {
			case r.Schedule != nil && len(r.Schedule.Flows) == 0:
				yield(b, generator.ErrFlows)
				return
			case r.Schedule != nil && n == int64(len(r.Schedule.Flows)):
				return
			case r.Schedule != nil:
				after, b.packets = float64(r.Schedule.Flows[n].After)/r.Factor(), r.Schedule.Flows[n].Packets
			case n > 0:
				after += float64(arrivals[random.IntN(len(arrivals))]) / r.Factor()
			}
			var within bool
			err := ctx.Err()
			if err == nil {
				b.at, within, err = r.At(n, after)
			}
			if err != nil {
				yield(b, err)
				return
			}
			if !within || !yield(b, nil) {
				return
			}
		}
	}
}

// starts yields the starts of the flows of a request, without those before its From.
func starts(ctx context.Context, r generator.Request, arrivals []int64, stream uint64) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		for b, err := range begins(ctx, r, arrivals, stream) {
			if (err != nil || b.at >= r.From) && !yield(b.at, err) {
				return
			}
		}
	}
}

// resumes is Resumes of generator.Planner.
func resumes(ctx context.Context, r generator.Request, at []int64, arrivals []int64, stream uint64) ([]*generator.Resume, error) {
	if r.Schedule != nil { // its flows are passed over at no price
		return make([]*generator.Resume, len(at)), nil
	}
	next, stop := iter.Pull2(begins(ctx, r, arrivals, stream))
	defer stop()
	b, err, within := next()
	state := func() *generator.Resume { return generator.ResumeOf(b.number, b.before, nil, &b.source) }
	return generator.CollectResumes(ctx, at, state, func() (int64, bool, error) {
		start, was, failed := b.at, within, err
		if within {
			b, err, within = next()
		}
		return start, was, failed
	})
}

// packetStream is added to the stream of a generator's starts where it draws packets.
const packetStream = 0x7061636b << 32

// started yields the flows of a request, one after the other.
func started(ctx context.Context, r generator.Request, arrivals []int64, stream uint64, draw drawOne) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		src := rand.NewPCG(r.PacketSeed(), stream+packetStream)
		random := rand.New(src)
		for b, err := range begins(ctx, r, arrivals, stream) {
			if err != nil {
				yield(nil, err)
				return
			}
			if b.at >= r.From && !yield(draw(random, src, b.number, b.at, b.packets), nil) {
				return
			}
		}
	}
}
