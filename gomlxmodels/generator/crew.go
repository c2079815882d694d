package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Lanes of one lockstep, and locksteps of one request, at most. One lockstep
// computes on the host what its next step reads while another's step runs on the
// device; each has its own share of the plans, its own lanes and its own random
// numbers, so that neither how many processors there are nor who is faster
// changes what is drawn.
const (
	mostLanes     = 512
	mostLocksteps = 4
	fewestLanes   = 64 // below it a step costs its call
)

// team is how many locksteps of how many lanes, both powers of two, draw so many
// packets: so many lanes that each is used for twice the steps that the longest
// flow takes. With more, most would be idle while the last long flows end.
func team(packets, longest float64, most int) (locksteps, lanes int) {
	lanes = 1
	for 2*lanes <= most && (2*lanes <= fewestLanes || float64(2*lanes)*2*longest <= packets) {
		lanes *= 2
	}
	locksteps = min(mostLocksteps, max(1, lanes/(mostLanes/2)))
	return locksteps, min(mostLanes, lanes/locksteps)
}

// team is that of a request, given what flows are like in training.
func (g *Sampled) team(r Request) (locksteps, lanes int) {
	var mean, longest float64
	sizes := g.Aggregate.Scores[0].Sorted // log10 packets
	for _, size := range sizes {
		packets := math.Pow(10, size)
		mean += packets / float64(len(sizes))
		longest = max(longest, packets)
	}
	flows := float64(g.Aggregate.expected(r))
	packets := flows * mean
	if r.Packets > 0 {
		packets = min(packets, float64(r.Packets))
	}
	return team(packets, longest, min(g.Lanes, int(flows)))
}

// behind is how many batches of flows a lockstep may be ahead of the consumer.
const behind = 4

// crew draws a request with several locksteps at once.
type crew struct {
	locksteps []*lockstep
	ready     []chan []*flow.Flow // by lockstep
	errs      []error
	stop      chan struct{}
	running   sync.WaitGroup
}

// newCrew compiles the step and prepares n locksteps.
func (g *Sampled) newCrew(r Request, n, lanes int) (*crew, error) {
	sampler, err := g.Network.NewSampler(lanes, r.Seed)
	if err != nil {
		return nil, err
	}
	c := &crew{errs: make([]error, n), stop: make(chan struct{})}
	plans := newDeal(g.Radio.profiled(g.Aggregate.plans(r), r.Seed), n)
	prior, decoder := g.Chain.Prior(), newDecoder(g.Vocabulary)
	for k := range n {
		if k > 0 {
			sampler = c.locksteps[0].sampler.Fork(r.Seed + uint64(k)<<32)
		}
		next := func() (job, bool) { return plans.next(k) }
		c.locksteps = append(c.locksteps, &lockstep{
			g: g, decoder: decoder, masks: make(map[int][]float32), prior: prior, sampler: sampler,
			random: rand.New(rand.NewPCG(r.Seed, 0x6c616e65+uint64(k)<<32)), lanes: make([]lane, lanes),
			plans: newLookahead(next, g.expect, lanes), waiting: make(map[int64]*draft),
		})
		c.ready = append(c.ready, make(chan []*flow.Flow, behind))
	}
	return c, nil
}

// start lets the locksteps run until their plans end, ctx ends or stop is closed.
func (c *crew) start(ctx context.Context) {
	for k, l := range c.locksteps {
		c.running.Go(func() {
			defer close(c.ready[k])
			c.errs[k] = l.run(ctx, func(flows []*flow.Flow) bool {
				select {
				case c.ready[k] <- flows:
					return true
				case <-c.stop:
					return false
				}
			})
		})
	}
}

// flows hands out the flows in order, flow i of lockstep i mod n.
func (c *crew) flows(ctx context.Context, yield func(*flow.Flow) bool) error {
	batches := make([][]*flow.Flow, len(c.locksteps))
	for k := 0; ; k = (k + 1) % len(batches) {
		if len(batches[k]) == 0 {
			batch, more := c.next(ctx, k)
			if !more {
				return c.failure(ctx)
			}
			batches[k] = batch
		}
		f := batches[k][0]
		batches[k] = batches[k][1:]
		if !yield(f) {
			return nil
		}
	}
}

// next is a lockstep's next batch, false if there will be none.
func (c *crew) next(ctx context.Context, k int) ([]*flow.Flow, bool) {
	select {
	case batch, more := <-c.ready[k]:
		return batch, more
	case <-ctx.Done():
		return nil, false
	}
}

// failure stops the others and tells what went wrong with the first that failed.
func (c *crew) failure(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.halt()
	for _, err := range c.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// halt ends the locksteps and waits for them.
func (c *crew) halt() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.running.Wait()
}

// close halts and frees what is on the device. It tells how many flows were cut.
func (c *crew) close() (cut int64, err error) {
	c.halt()
	for k := len(c.locksteps) - 1; k >= 0; k-- {
		l := c.locksteps[k]
		cut += l.cut
		free := l.sampler.Close
		if k == 0 {
			free = l.sampler.CloseProgram
		}
		if e := free(); err == nil {
			err = e
		}
	}
	return cut, err
}

// Flows draws flows in start order. The same request on the same backend gives
// the same flows.
func (g *Sampled) Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	if g.NoFlow != nil {
		return g.NoFlow.flows(ctx, r, g.flows, g.Radio)
	}
	return g.flows(ctx, r)
}

func (g *Sampled) flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		locksteps, lanes := g.team(r)
		c, err := g.newCrew(r, locksteps, lanes)
		if err != nil {
			yield(nil, fmt.Errorf("generator: %w", err))
			return
		}
		c.start(ctx)
		more := true
		err = c.flows(ctx, func(f *flow.Flow) bool {
			more = yield(f, nil)
			return more
		})
		cut, closed := c.close()
		g.Cut = cut
		if err == nil {
			err = closed
		}
		if err != nil && more {
			yield(nil, fmt.Errorf("generator: %w", err))
		}
	}
}
