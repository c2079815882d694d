package sampled

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// Slots of one batch sampler, samplers of one request, and slots of a request at most.
// One sampler computes on the host what its next step reads while another's step runs
// on the device; each has its own part of the flows, its own slots and its own random
// numbers, so that neither how many processors there are nor who is faster changes
// what is drawn.
const (
	mostSlots    = 512
	mostSamplers = 4
	fewestSlots  = 64   // below it a step costs its call
	allSlots     = 4096 // so many that the call of a step costs little beside its arithmetic
)

// poolSize returns how many samplers of how many slots, both powers of two, draw so
// many packets: so many slots that each is used for twice the steps that the longest
// flow takes. With more, most would be idle while the last long flows end.
func poolSize(packets, longest float64, most int) (samplers, slots int) {
	slots = 1
	for 2*slots <= most && (2*slots <= fewestSlots || float64(2*slots)*2*longest <= packets) {
		slots *= 2
	}
	samplers = min(mostSamplers, max(1, slots/(mostSlots/2)))
	return samplers, min(mostSlots, slots/samplers)
}

// poolSize returns that of a request, given what flows are like in training.
func (g *Generator) poolSize(r generator.Request) (samplers, slots int) {
	mean, longest := g.Aggregate.PacketsPerFlow()
	flows := float64(g.Aggregate.Expected(r))
	packets := flows * mean
	if r.Packets > 0 {
		packets = min(packets, float64(r.Packets))
	}
	return poolSize(packets, longest, min(allSlots, int(flows)))
}

// mostAhead is how many batches of flows a sampler may be ahead of the consumer, at 100 kB
// each. While one draws a long flow whose turn it is, the others go on so far.
const mostAhead = 16

// mostKept is for how many packets a buffer may have room to be used again: else
// all would have room for the longest flow in the end.
const mostKept = 128

// samplerPool draws a request with several batch samplers at once.
type samplerPool struct {
	samplers []*batchSampler
	flows    *dispatcher
	ready    []chan []*flowBuffer // by sampler
	buffers  sync.Pool            // of those that the consumer has read
	errs     []error
	stop     chan struct{}
	running  sync.WaitGroup
}

// newPool compiles the step and prepares n samplers of so many slots.
func (g *Generator) newPool(r generator.Request, plans func() *radio.Plan, n, slots int) (*samplerPool, error) {
	seed := r.PacketSeed()
	network, err := g.Network.NewSampler(slots, seed)
	if err != nil {
		return nil, err
	}
	p := &samplerPool{flows: newDispatcher(g.specs(r, plans), n), errs: make([]error, n), stop: make(chan struct{})}
	p.buffers.New = func() any { return new(flowBuffer) }
	prior, decoder := g.Chain.Prior(), newDecoder(g.Vocabulary)
	for k := range n {
		if k > 0 {
			network = p.samplers[0].network.Fork(seed + uint64(k)<<32)
		}
		next := func() (scheduledFlow, bool) { return p.flows.next(k) }
		p.samplers = append(p.samplers, &batchSampler{
			g: g, decoder: decoder, masks: make(map[maskState][]float32), prior: prior, network: network,
			random: rand.New(rand.NewPCG(seed, 0x6c616e65+uint64(k)<<32)), slots: make([]slot, slots),
			flows: newLongestFirst(next, g.expect, slots), waiting: make(map[int64]*flowBuffer), buffers: &p.buffers, radioHeads: len(g.Radio.Heads()),
		})
		p.ready = append(p.ready, make(chan []*flowBuffer, mostAhead))
	}
	return p, nil
}

// specs returns those of the aggregate level, each with a radio profile. The starts of
// segments that are planned are the plan's.
func (g *Generator) specs(r generator.Request, plans func() *radio.Plan) specs {
	next, profile := g.Aggregate.Specs(r), g.Radio.Profiles(r.PacketSeed())
	return func() (scheduledFlow, bool, error) {
		s, more, err := next()
		if !more {
			return scheduledFlow{}, false, err
		}
		s.Latent = profile(s.Latent)
		f := scheduledFlow{Spec: s, plan: plans()}
		if f.plan != nil && f.plan.Start >= 0 {
			f.Start = r.Start + int64(f.plan.Start)
		}
		return f, true, nil
	}
}

// start lets the samplers run until their flows end, ctx ends or stop is closed.
func (p *samplerPool) start(ctx context.Context) {
	for k, l := range p.samplers {
		p.running.Go(func() {
			defer close(p.ready[k])
			p.errs[k] = l.run(ctx, func(flows []*flowBuffer) bool {
				select {
				case p.ready[k] <- flows:
					return true
				case <-p.stop:
					return false
				}
			})
		})
	}
}

// handOut hands out the flows in order, flow i of sampler i mod n. Only here do they become
// flow.Flows, whose packets are ten times as large.
func (p *samplerPool) handOut(ctx context.Context, yield func(*flow.Flow) bool) error {
	batches := make([][]*flowBuffer, len(p.samplers))
	for k := 0; ; k = (k + 1) % len(batches) {
		if len(batches[k]) == 0 {
			batch, more := p.next(ctx, k)
			if !more {
				return p.failure(ctx)
			}
			batches[k] = batch
		}
		d := batches[k][0]
		batches[k] = batches[k][1:]
		f := d.flow(p.samplers[k].g.Application)
		if cap(d.packets) <= mostKept {
			p.buffers.Put(d)
		}
		if !yield(f) {
			return nil
		}
	}
}

// next returns a sampler's next batch, false if there will be none.
func (p *samplerPool) next(ctx context.Context, k int) ([]*flowBuffer, bool) {
	select {
	case batch, more := <-p.ready[k]:
		return batch, more
	case <-ctx.Done():
		return nil, false
	}
}

// failure stops the others and returns what went wrong with the first that failed.
func (p *samplerPool) failure(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.halt()
	for _, err := range p.errs {
		if err != nil {
			return err
		}
	}
	return p.flows.failure()
}

// halt ends the samplers and waits for them.
func (p *samplerPool) halt() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	p.running.Wait()
}

// close halts and frees what is on the device.
func (p *samplerPool) close() error {
	p.halt()
	var failed error
	for k := len(p.samplers) - 1; k >= 0; k-- {
		network := p.samplers[k].network
		free := network.Close
		if k == 0 {
			free = network.CloseProgram
		}
		if err := free(); failed == nil {
			failed = err
		}
	}
	return failed
}

// Flows draws flows in start order. The same request on the same backend gives
// the same flows.
func (g *Generator) Flows(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	if g.Pace == nil {
		return g.draw(ctx, r, radio.None{}.Plans(r))
	}
	return func(yield func(*flow.Flow, error) bool) {
		plans := g.Radio.Plans(r) // goes on where one draw of segments does not suffice
		segments := func(ctx context.Context, part generator.Request) iter.Seq2[*flow.Flow, error] {
			return g.draw(ctx, part, plans)
		}
		g.Pace.Flows(ctx, r, segments, radio.None{})(yield)
	}
}

// Starts yields the starts of the flows that Flows draws.
func (g *Generator) Starts(ctx context.Context, r generator.Request) iter.Seq2[int64, error] {
	return generator.StartsUnless(g.Pace != nil, g.Aggregate.Starts(ctx, r))
}

// Resumes says where those starts have come to at some times.
func (g *Generator) Resumes(ctx context.Context, r generator.Request, at []int64) ([]*generator.Resume, error) {
	return g.Aggregate.Resumes(ctx, r, at)
}

// draw draws flows; of a timeline without flows, segments by a clock of their own.
func (g *Generator) draw(ctx context.Context, r generator.Request, plans func() *radio.Plan) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		samplers, slots := g.poolSize(r)
		p, err := g.newPool(r, plans, samplers, slots)
		if err != nil {
			yield(nil, fmt.Errorf("generator: %w", err))
			return
		}
		p.start(ctx)
		more := true
		err = p.handOut(ctx, func(f *flow.Flow) bool {
			more = yield(f, nil)
			return more
		})
		if closed := p.close(); err == nil {
			err = closed
		}
		if err != nil && more {
			yield(nil, fmt.Errorf("generator: %w", err))
		}
	}
}
