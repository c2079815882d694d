package sampled

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// slot is one flow under way in a batch sampler.
type slot struct {
	buffer  *flowBuffer // nil: idle
	past    history
	walk    markov.Walk
	want    int       // packets, as a schedule says; 0: the network ends the flow
	state   maskState // of the connection
	last    int64     // time of the packet before
	started bool
}

// batchSampler draws flows in many slots at once and hands them out in the order of
// their starts. A flow that ends gives its slot to the next one.
type batchSampler struct {
	g       *Generator
	decoder *decoder
	masks   map[maskState][]float32
	prior   *markov.Prior
	network *lstm.Sampler
	random  *rand.Rand
	slots   []slot
	flows   *longestFirst
	active  int         // slots in use
	packet  flow.Packet // drawn last

	radioHeads int // of the network, behind the others

	waiting map[int64]*flowBuffer // finished, behind one that is not
	held    int                   // packets of waiting
	next    int64                 // number of the flow that is handed out next
	buffers *sync.Pool            // of flowBuffers, which all samplers share
}

// mostHeld is how many packets may wait for a long flow before them: beyond it
// slots stay idle until that flow ends. At 24 bytes each they take 24 MB.
const mostHeld = 1 << 20

// run draws until the flows end. yield gets the flows in order, some after each step.
func (l *batchSampler) run(ctx context.Context, yield func([]*flowBuffer) bool) error {
	l.fill()
	for l.active > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.prepare()
		if err := l.network.Step(); err != nil {
			return err
		}
		l.follow()
		for i := range l.slots {
			if at := &l.slots[i]; at.buffer != nil && l.take(i) {
				l.waiting[at.buffer.number] = at.buffer
				l.held += len(at.buffer.packets)
				at.buffer = nil
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

// batchPackets is for about how many packets there is room in what is handed out at once.
const batchPackets = 4096

// ready returns flows that have ended and whose turn it is, a batch at most.
func (l *batchSampler) ready() (flows []*flowBuffer) {
	room := 0
	for d := l.waiting[l.next]; d != nil && room < batchPackets; d = l.waiting[l.next] {
		room += cap(d.packets)
		delete(l.waiting, l.next)
		l.held -= len(d.packets)
		l.next++
		flows = append(flows, d)
	}
	return flows
}

// fill gives flows to idle slots. Slots without one stay idle.
func (l *batchSampler) fill() {
	if l.active == len(l.slots) {
		return
	}
	for i := range l.slots {
		if l.slots[i].buffer != nil {
			continue
		}
		j, ok := l.flows.pop(l.next, l.held < mostHeld)
		if !ok {
			return
		}
		l.assign(i, &j)
	}
}

// assign begins a flow in slot i.
func (l *batchSampler) assign(i int, f *scheduledFlow) {
	d := l.buffers.Get().(*flowBuffer)
	d.begin(f)
	to := &l.slots[i]
	*to = slot{buffer: d, past: begin(f.targets, l.g.Radio.BeginDrawn(f.Latent, f.plan)), walk: l.prior.Start(), want: int(f.Packets), state: maskState{connection: -1}}
	to.past.answers = l.g.beginAnswers(f.Latent)
	copy(l.network.Latent[i*len(f.Latent):], f.Latent)
	l.active++
}

// prepare writes what the network is told for each slot, apart from the latent, which
// stays as long as a flow does.
func (l *batchSampler) prepare() {
	width := historyWidth + l.g.Radio.PastWidth()
	for i := range l.slots {
		from := &l.slots[i]
		l.network.Keep[i] = 0
		if from.buffer == nil {
			continue
		}
		if from.started {
			l.network.Keep[i] = 1
		}
		past := from.past.append(l.network.Continuous[i*width : i*width : (i+1)*width])
		l.g.Radio.AppendPast(past, &from.past.radio)
		if state := from.maskState(); state != from.state {
			from.state = state
			mask := l.mask(state)
			copy(l.network.Mask[i*len(mask):], mask)
		}
	}
	// A loop of its own, as that of follow: the rows lie anywhere in memory, and in a loop
	// that does nothing else the processor fetches those of many slots at once.
	for i := range l.slots {
		if from := &l.slots[i]; from.buffer != nil {
			row := from.walk.LogProbabilities()
			copy(l.network.Prior[i*len(row):], row)
		}
	}
}

// follow takes the walk of each slot to the label that was drawn.
func (l *batchSampler) follow() {
	heads := headCount + l.radioHeads
	for i := range l.slots {
		if at := &l.slots[i]; at.buffer != nil {
			at.walk.Step(int(l.network.Codes[i*heads+headLabel]))
		}
	}
}

// maskState returns what decides which classes the slot's next packet may have.
func (s *slot) maskState() maskState {
	state := maskState{connection: s.past.connection()}
	if s.want > 0 {
		state.before, state.left = s.past.before(), min(s.want-len(s.buffer.packets), mostCounted+2)
	}
	return state
}

// mask returns what is added to the class logits in a state.
func (l *batchSampler) mask(state maskState) []float32 {
	mask, known := l.masks[state]
	if !known {
		mask = make([]float32, l.g.Vocabulary.Class.Len())
		l.g.Grammar.mask(mask, state.connection)
		if state.left > 0 {
			l.g.Endings.mask(mask, state, l.decoder)
		}
		l.masks[state] = mask
	}
	return mask
}

// take turns slot i's draw into a packet and reports whether the flow has ended.
func (l *batchSampler) take(i int) (ended bool) {
	to := &l.slots[i]
	heads := headCount + l.radioHeads
	codes := l.network.Codes[i*heads : (i+1)*heads]
	p := &l.packet
	p.Radio = nil
	gap, end := l.decoder.decode(p, codes, &to.past.answers, l.random.Float64(), l.random.Float64())
	if planned, last, ok := to.past.radio.Planned(); ok {
		if end = last; planned >= 0 {
			gap = planned
		}
	}
	d := to.buffer
	if to.want > 0 && to.past.flags[p.Direction&1]&flow.FIN != 0 { // held up to its last packets, the network may go on with data
		p.Length, p.Captured, p.PayloadLength = p.Length-p.PayloadLength, p.Captured-p.PayloadLength, 0
	}
	if !to.started {
		to.started, gap = true, 0
		p.Time, d.proto = d.start, p.Tuple.Proto
	} else {
		p.Time = to.last + int64(gap)
	}
	to.last = p.Time
	l.g.Radio.Decode(p, codes[headCount:], &to.past.radio, d.id, l.random)
	to.past.add(p, gap)
	to.past.radio.Add(p.Radio)
	d.add(p)
	if to.want > 0 {
		return len(d.packets) == to.want
	}
	return end || len(d.packets) >= l.g.MaxPackets
}
