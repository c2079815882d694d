package sampled

import (
	"container/heap"
	"math"
	"slices"
	"sync"

	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// scheduledFlow is a flow that is to be drawn, or is being drawn.
type scheduledFlow struct {
	aggregate.Spec
	number  int64       // among those of its sampler
	targets targets     // of its latent
	plan    *radio.Plan // of a segment, who sends when; nil: nothing is planned
}

// specs gives the specs of one flow after the other, false behind the last.
type specs func() (f scheduledFlow, more bool, err error)

// dispatcher gives the flows of a request to batch samplers in turn: flow i to sampler
// i mod n, whoever asks first, so that what each draws does not depend on how fast the
// others are. The flows of a slow sampler wait in queues; they are as few as the
// consumer, who needs all in order, lets the others go ahead.
type dispatcher struct {
	mu     sync.Mutex
	specs  specs
	drawn  int64
	queues [][]scheduledFlow // by sampler
	over   bool
	err    error // what ended the specs, if not their end
}

// newDispatcher prepares for n samplers.
func newDispatcher(s specs, n int) *dispatcher {
	return &dispatcher{specs: s, queues: make([][]scheduledFlow, n)}
}

// next returns the next flow of sampler k, false behind the last.
func (d *dispatcher) next(k int) (f scheduledFlow, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := int64(len(d.queues))
	for len(d.queues[k]) == 0 && !d.over {
		f, more, err := d.specs()
		if !more {
			d.over, d.err = true, err
			break
		}
		to := &d.queues[d.drawn%n]
		f.number = d.drawn / n
		*to = append(*to, f)
		d.drawn++
	}
	if len(d.queues[k]) == 0 {
		return scheduledFlow{}, false
	}
	f, d.queues[k] = d.queues[k][0], d.queues[k][1:]
	return f, true
}

// failure returns what ended the specs before their end.
func (d *dispatcher) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// longestFirst decides which flow of a sampler is begun next. Flows are handed out in
// the order of their starts, and a long one holds back all behind it: so flows that
// are expected to be long are begun early, so that each ends about when its turn
// comes.
type longestFirst struct {
	more   func() (scheduledFlow, bool)
	expect func(*scheduledFlow) float64 // packets
	pace   float64                      // steps from one flow's turn to the next
	ahead  byUrgency
}

// furthest is how many flows are known ahead; they take half a megabyte.
const furthest = 4096

// newLongestFirst prepares for a number of slots.
func newLongestFirst(more func() (scheduledFlow, bool), expect func(*scheduledFlow) float64, slots int) *longestFirst {
	a := &longestFirst{more: more, expect: expect}
	var total float64
	for j, ok := more(); ok; j, ok = more() {
		packets := expect(&j)
		total += packets
		a.ahead = append(a.ahead, urgent{-packets, &j})
		if len(a.ahead) == furthest {
			break
		}
	}
	a.pace = total / float64(max(1, len(a.ahead))) / float64(slots)
	for i := range a.ahead {
		a.ahead[i].urgency += a.pace * float64(a.ahead[i].flow.number)
	}
	heap.Init(&a.ahead)
	return a
}

// pop returns the flow to begin now: the most urgent one, or, if there is no room for
// more flows that wait, only the one whose turn it is.
func (a *longestFirst) pop(turn int64, room bool) (j scheduledFlow, ok bool) {
	i := 0
	if !room {
		i = slices.IndexFunc(a.ahead, func(u urgent) bool { return u.flow.number == turn })
	}
	if i < 0 || len(a.ahead) == 0 {
		return scheduledFlow{}, false
	}
	j = *heap.Remove(&a.ahead, i).(urgent).flow
	if next, ok := a.more(); ok {
		heap.Push(&a.ahead, urgent{a.pace*float64(next.number) - a.expect(&next), &next})
	}
	return j, true
}

// urgent is a flow and how urgent it is: the least goes first.
type urgent struct {
	urgency float64
	flow    *scheduledFlow
}

// byUrgency is a heap; of equals the first goes first.
type byUrgency []urgent

func (b byUrgency) Len() int      { return len(b) }
func (b byUrgency) Swap(i, j int) { b[i], b[j] = b[j], b[i] }
func (b byUrgency) Less(i, j int) bool {
	if b[i].urgency != b[j].urgency {
		return b[i].urgency < b[j].urgency
	}
	return b[i].flow.number < b[j].flow.number
}

// Push implements heap.Interface.
func (b *byUrgency) Push(x any) { *b = append(*b, x.(urgent)) }

// Pop implements heap.Interface.
func (b *byUrgency) Pop() any {
	last := len(*b) - 1
	j := (*b)[last]
	(*b)[last] = urgent{}
	*b = (*b)[:last]
	return j
}

// expect fills in a flow's targets and returns how many packets they come to.
func (g *Generator) expect(f *scheduledFlow) float64 {
	f.targets = g.Aggregate.Targets(f.Latent)
	if f.Packets > 0 {
		return float64(f.Packets)
	}
	return max(1, min(math.Pow(10, f.targets[0]), float64(g.MaxPackets)))
}
