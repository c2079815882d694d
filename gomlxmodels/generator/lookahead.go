package generator

import (
	"container/heap"
	"math"
	"slices"
	"sync"
)

// job is a plan on its way through a lockstep.
type job struct {
	plan
	id      int64   // of the flow: the plan's number in the request
	number  int64   // among those of its lockstep
	targets targets // of the plan's latent
	urgency float64 // the least goes first
}

// deal gives the plans of a request to locksteps in turn: plan i to lockstep i mod
// n, whoever asks first, so that what each draws does not depend on how fast the
// others are. Those of a slow lockstep wait in dealt; they are as few as the
// consumer, who needs all in order, lets the others go ahead.
type deal struct {
	mu    sync.Mutex
	plans func() (plan, bool)
	drawn int64
	dealt [][]job // by lockstep
	over  bool
}

func newDeal(plans func() (plan, bool), n int) *deal {
	return &deal{plans: plans, dealt: make([][]job, n)}
}

// next is the next plan of lockstep k, false behind the last.
func (d *deal) next(k int) (j job, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := int64(len(d.dealt))
	for len(d.dealt[k]) == 0 && !d.over {
		p, ok := d.plans()
		if !ok {
			d.over = true
			break
		}
		to := &d.dealt[d.drawn%n]
		*to = append(*to, job{plan: p, id: d.drawn, number: d.drawn / n})
		d.drawn++
	}
	if len(d.dealt[k]) == 0 {
		return job{}, false
	}
	j, d.dealt[k] = d.dealt[k][0], d.dealt[k][1:]
	return j, true
}

// lookahead decides which plan of a lockstep is begun next. Flows are handed out
// in the order of their plans, and a long one holds back all behind it: so plans
// that are expected to be long are begun early, that each may end about when its
// turn comes.
type lookahead struct {
	more   func() (job, bool)
	expect func(*job) float64 // packets
	pace   float64            // steps from one flow's turn to the next
	ahead  byUrgency
}

// furthest is how many plans are known ahead; they take half a megabyte.
const furthest = 4096

// newLookahead prepares for a number of lanes.
func newLookahead(more func() (job, bool), expect func(*job) float64, lanes int) *lookahead {
	a := &lookahead{more: more, expect: expect}
	var total float64
	for j, ok := more(); ok; j, ok = more() {
		j.urgency = -expect(&j)
		total -= j.urgency
		a.ahead = append(a.ahead, j)
		if len(a.ahead) == furthest {
			break
		}
	}
	a.pace = total / float64(max(1, len(a.ahead))) / float64(lanes)
	for i := range a.ahead {
		a.ahead[i].urgency += a.pace * float64(a.ahead[i].number)
	}
	heap.Init(&a.ahead)
	return a
}

// pop is the plan to begin now: the most urgent one, or, if there is no room for
// more flows that wait, only that whose turn it is.
func (a *lookahead) pop(turn int64, room bool) (j job, ok bool) {
	i := 0
	if !room {
		i = slices.IndexFunc(a.ahead, func(j job) bool { return j.number == turn })
	}
	if i < 0 || len(a.ahead) == 0 {
		return job{}, false
	}
	j = heap.Remove(&a.ahead, i).(job)
	if next, ok := a.more(); ok {
		next.urgency = a.pace*float64(next.number) - a.expect(&next)
		heap.Push(&a.ahead, next)
	}
	return j, true
}

// byUrgency is a heap; of equals the first goes first.
type byUrgency []job

func (b byUrgency) Len() int      { return len(b) }
func (b byUrgency) Swap(i, j int) { b[i], b[j] = b[j], b[i] }
func (b byUrgency) Less(i, j int) bool {
	if b[i].urgency != b[j].urgency {
		return b[i].urgency < b[j].urgency
	}
	return b[i].number < b[j].number
}

// Push implements heap.Interface.
func (b *byUrgency) Push(x any) { *b = append(*b, x.(job)) }

// Pop implements heap.Interface.
func (b *byUrgency) Pop() any {
	last := len(*b) - 1
	j := (*b)[last]
	(*b)[last] = job{}
	*b = (*b)[:last]
	return j
}

// expect fills in a job's targets and tells how many packets they come to.
func (g *Sampled) expect(j *job) float64 {
	j.targets = g.Aggregate.targets(j.latent)
	return max(1, min(math.Pow(10, j.targets[0]), float64(g.MaxPackets)))
}
