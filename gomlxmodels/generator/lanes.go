package generator

import (
	"context"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// lane is one flow under way in the lockstep.
type lane struct {
	flow    *flow.Flow // nil: idle
	past    history
	walk    markov.Walk
	latent  []float32
	started bool
}

// lockstep draws flows in many lanes at once and hands them out in start order.
// A flow that ends gives its lane to the next plan.
type lockstep struct {
	g       *Sampled
	sampler *lstm.Sampler
	random  *rand.Rand
	prior   *markov.Prior
	lanes   []lane
	waiting map[int64]*flow.Flow // finished, behind one that is not
	next    int64                // the flow to hand out next
	plans   func() (plan, bool)
	done    bool // no plan is left
	started int64
	cut     int64 // flows ended by MaxPackets, not by the network
}

// run draws until the plans end. yield gets the flows in start order.
func (l *lockstep) run(ctx context.Context, yield func(*flow.Flow) bool) error {
	active := 0
	defer func() { l.sampler.Close() }()
	for i := range l.lanes {
		if l.assign(&l.lanes[i]) {
			active++
		}
	}
	for active > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range l.lanes {
			l.prepare(i)
		}
		if err := l.sampler.Step(); err != nil {
			return err
		}
		for i := range l.lanes {
			if l.lanes[i].flow == nil || !l.take(i) {
				continue
			}
			l.waiting[l.lanes[i].flow.ID] = l.lanes[i].flow
			if !l.assign(&l.lanes[i]) {
				active--
			}
		}
		for f := l.waiting[l.next]; f != nil; f = l.waiting[l.next] {
			delete(l.waiting, l.next)
			l.next++
			if !yield(f) {
				return nil
			}
		}
		if err := l.shrink(active); err != nil {
			return err
		}
	}
	return nil
}

// fewestLanes is where shrinking ends: below it a step costs its call.
const fewestLanes = 64

// shrink goes on with a quarter of the lanes once no more are in use.
func (l *lockstep) shrink(active int) error {
	fewer := len(l.lanes) / 4
	if !l.done || active == 0 || active > fewer || fewer < fewestLanes {
		return nil
	}
	var keep []int
	for i := range l.lanes {
		if l.lanes[i].flow != nil {
			keep = append(keep, i)
		}
	}
	sampler, err := l.g.Network.Shrink(l.sampler, keep, fewer)
	if err != nil {
		return err
	}
	l.sampler = sampler
	lanes := make([]lane, fewer)
	for to, from := range keep {
		lanes[to] = l.lanes[from]
	}
	l.lanes = lanes
	return nil
}

// assign gives the next plan to a lane; without one the lane is idle.
func (l *lockstep) assign(to *lane) bool {
	p, ok := l.plans()
	if !ok {
		to.flow, l.done = nil, true
		return false
	}
	f := &flow.Flow{ID: l.started, Application: l.g.Application}
	l.started++
	*to = lane{flow: f, past: begin(l.g.Aggregate.targets(p.latent)), walk: l.prior.Start(), latent: p.latent}
	f.Packets = append(f.Packets, flow.Packet{Time: p.start}) // holds the start until the first draw
	return true
}

// prepare writes what the network is told for lane i.
func (l *lockstep) prepare(i int) {
	from := &l.lanes[i]
	if from.flow == nil {
		l.sampler.Keep[i] = 0
		return
	}
	l.sampler.Keep[i] = 1
	if !from.started {
		l.sampler.Keep[i] = 0
	}
	width := historyWidth + l.g.Radio.pastWidth()
	past := from.past.append(l.sampler.Continuous[i*width : i*width : (i+1)*width])
	l.g.Radio.appendPast(past, &from.past.radio)
	copy(l.sampler.Latent[i*len(from.latent):], from.latent)
	classes := l.g.Vocabulary.Class.Len()
	l.g.Grammar.mask(l.sampler.Mask[i*classes:(i+1)*classes], from.past.connection())
	row := from.walk.LogProbabilities()
	copy(l.sampler.Prior[i*len(row):], row)
}

// take turns lane i's draw into a packet and tells whether the flow has ended.
func (l *lockstep) take(i int) (ended bool) {
	to := &l.lanes[i]
	heads := headCount + l.g.Radio.headCount()
	codes := l.sampler.Codes[i*heads : (i+1)*heads]
	p, gap, end := l.g.Vocabulary.decode(codes, l.random.Float64(), l.random.Float64())
	to.walk.Step(int(codes[headLabel]))
	f := to.flow
	if !to.started {
		to.started, gap = true, 0
		p.Time = f.Packets[0].Time
		f.Packets = f.Packets[:0]
		f.Tuple.Proto = p.Tuple.Proto
	} else {
		p.Time = f.Packets[len(f.Packets)-1].Time + int64(gap)
	}
	l.g.Radio.decode(&p, codes[headCount:], &to.past.radio, f.ID, l.random)
	to.past.add(&p, gap)
	to.past.radio.add(p.Radio)
	p.Application, p.FlowID = f.Application, f.ID
	p.Tuple.Proto = f.Tuple.Proto
	f.Packets = append(f.Packets, p)
	if !end && len(f.Packets) >= l.g.MaxPackets {
		l.cut++
		return true
	}
	return end
}
