package generator

import (
	"context"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// lane is one flow under way in a lockstep.
type lane struct {
	draft   *draft // nil: idle
	past    history
	walk    markov.Walk
	latent  []float32
	state   int       // of the connection
	mask    []float32 // of the state
	started bool
}

// lockstep draws flows in many lanes at once and hands them out in the order of
// its plans. A flow that ends gives its lane to the next plan.
type lockstep struct {
	g       *Sampled
	decoder *decoder
	masks   map[int][]float32 // by connection state
	prior   *markov.Prior
	sampler *lstm.Sampler
	random  *rand.Rand
	lanes   []lane
	plans   *lookahead
	active  int         // lanes in use
	packet  flow.Packet // drawn last

	waiting map[int64]*draft // finished, behind one that is not
	held    int              // packets of waiting
	next    int64            // the plan whose flow is handed out next
	free    []*draft
	cut     int64 // flows ended by MaxPackets, not by the network
}

// mostHeld is how many packets may wait for a long flow before them: beyond it
// lanes stay idle until that flow ends. At 24 bytes each they take 24 MB.
const mostHeld = 1 << 20

// run draws until the plans end. yield gets the flows in order, some after each step.
func (l *lockstep) run(ctx context.Context, yield func([]*flow.Flow) bool) error {
	l.fill()
	for l.active > 0 {
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
			if at := &l.lanes[i]; at.draft != nil && l.take(i) {
				l.waiting[at.draft.plan] = at.draft
				l.held += len(at.draft.packets)
				at.draft = nil
				l.active--
			}
		}
		for ready := l.ready(); len(ready) > 0; ready = l.ready() {
			if !yield(ready) {
				return nil
			}
		}
		l.fill()
	}
	return nil
}

// mostKept is for how many packets a draft may have room to be used again: else
// all would have room for the longest flow in the end.
const mostKept = 128

// batchPackets is about how many packets are handed out at once. When a long flow
// ends, all that waited for it have their turn: they become flow.Packets, which
// are ten times as large, only as fast as the consumer takes them.
const batchPackets = 4096

// ready are flows that have ended and whose turn it is, a batch at most.
func (l *lockstep) ready() (flows []*flow.Flow) {
	packets := 0
	for d := l.waiting[l.next]; d != nil && packets < batchPackets; d = l.waiting[l.next] {
		packets += len(d.packets)
		delete(l.waiting, l.next)
		l.held -= len(d.packets)
		l.next++
		flows = append(flows, d.flow(l.g.Application))
		if len(l.free) < len(l.lanes) && cap(d.packets) <= mostKept {
			l.free = append(l.free, d)
		}
	}
	return flows
}

// fill gives plans to idle lanes. Lanes without one stay idle.
func (l *lockstep) fill() {
	if l.active == len(l.lanes) {
		return
	}
	for i := range l.lanes {
		if l.lanes[i].draft != nil {
			continue
		}
		j, ok := l.plans.pop(l.next, l.held < mostHeld)
		if !ok {
			return
		}
		l.assign(&l.lanes[i], j)
	}
}

func (l *lockstep) assign(to *lane, j job) {
	d := new(draft)
	if last := len(l.free) - 1; last >= 0 {
		d, l.free = l.free[last], l.free[:last]
	}
	d.begin(&j)
	*to = lane{draft: d, past: begin(j.targets), walk: l.prior.Start(), latent: j.latent, state: -1}
	to.past.radio = l.g.Radio.pastFor(j.latent)
	l.active++
}

// prepare writes what the network is told for lane i.
func (l *lockstep) prepare(i int) {
	from := &l.lanes[i]
	if from.draft == nil {
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
	if state := from.past.connection(); state != from.state {
		from.state, from.mask = state, l.mask(state)
	}
	copy(l.sampler.Mask[i*len(from.mask):], from.mask)
	row := from.walk.LogProbabilities()
	copy(l.sampler.Prior[i*len(row):], row)
}

// mask is the grammar's row for a state.
func (l *lockstep) mask(state int) []float32 {
	mask, known := l.masks[state]
	if !known {
		mask = make([]float32, l.g.Vocabulary.Class.Len())
		l.g.Grammar.mask(mask, state)
		l.masks[state] = mask
	}
	return mask
}

// take turns lane i's draw into a packet and tells whether the flow has ended.
func (l *lockstep) take(i int) (ended bool) {
	to := &l.lanes[i]
	heads := headCount + l.g.Radio.headCount()
	codes := l.sampler.Codes[i*heads : (i+1)*heads]
	p := &l.packet
	p.Radio = nil
	gap, end := l.decoder.decode(p, codes, l.random.Float64(), l.random.Float64())
	to.walk.Step(int(codes[headLabel]))
	d := to.draft
	if !to.started {
		to.started, gap = true, 0
		p.Time, d.proto = d.start, p.Tuple.Proto
	} else {
		p.Time = d.packets[len(d.packets)-1].time + int64(gap)
	}
	l.g.Radio.decode(p, codes[headCount:], &to.past.radio, d.id, l.random)
	to.past.add(p, gap)
	to.past.radio.add(p.Radio)
	d.add(p)
	if !end && len(d.packets) >= l.g.MaxPackets {
		l.cut++
		return true
	}
	return end
}
