package radio

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// send is an uplink that is planned.
type send struct {
	sender  int32 // whose habits it has
	device  int32 // whose address it has: the same, unless training did not hear it
	counter uint32
	gap     time.Duration // since the timeline's uplink before; unplanned: the network's
}

// unplanned stands for a time that is not planned: several gateways hear one frame within
// a millisecond, which clocks of devices at each of them do not know.
const unplanned = -1

// Plan is who sends when in one segment of a timeline.
type Plan struct {
	Start time.Duration // sum of the waits between segments, since the first one's start; below 0: not planned
	sends []send
}

// planner lets the clocks of all devices run and cuts what they give into segments.
type planner struct {
	m        *Uplinks
	random   *rand.Rand
	due      dueHeap
	counters []uint32
	at       int64 // nanoseconds; of the last uplink
	begun    bool
	start    time.Duration
}

// Plans returns a function that plans one segment of a request after the other, as long
// as those of the training; nil for flows, whose uplinks are of one device.
func (m *Uplinks) Plans(r generator.Request) func() *Plan {
	if m.Senders == nil {
		return None{}.Plans(r)
	}
	random := rand.New(rand.NewPCG(r.Seed, 0x706c616e))
	if r.Schedule != nil {
		return (&follower{m: m, random: random, packets: r.Schedule.Packets, devices: make(map[int]*followed)}).segment
	}
	p := &planner{m: m, random: random, counters: make([]uint32, len(m.Senders.List))}
	for i, s := range m.Senders.List {
		p.counters[i] = m.Counter.first(p.random)
		seconds := s.Clock.Silence * p.random.ExpFloat64()
		if p.random.Float64() >= s.Clock.Silent {
			if seconds, _ = s.Clock.next(p.random); seconds > 0 {
				seconds *= p.random.Float64()
			}
		}
		p.due = append(p.due, due{p.rounded(seconds), int32(i)})
	}
	heap.Init(&p.due)
	return p.segment
}

// rounded returns seconds as nanoseconds of the timeline's resolution.
func (p *planner) rounded(seconds float64) int64 {
	resolution := p.m.Senders.Resolution
	return int64(math.Round(seconds*1e9/float64(resolution))) * resolution
}

// segment plans the next one.
func (p *planner) segment() *Plan {
	plan := &Plan{sends: make([]send, p.m.Senders.Segment)}
	for i := range plan.sends {
		next := &p.due[0]
		gap := time.Duration(0)
		if p.begun {
			gap = time.Duration(next.at - p.at)
		}
		p.begun, p.at = true, next.at
		if i == 0 {
			p.start += gap
			plan.Start = p.start
		}
		if p.m.Senders.Gateways > 1 {
			gap, plan.Start = unplanned, unplanned
		}
		plan.sends[i] = send{next.sender, next.sender, p.counters[next.sender], gap}
		seconds, step := p.m.Senders.List[next.sender].Clock.next(p.random)
		p.counters[next.sender] = p.m.Counter.after(p.counters[next.sender], step, p.random)
		next.at += p.rounded(seconds)
		heap.Fix(&p.due, 0)
	}
	return plan
}

// due is when a device sends next.
type due struct {
	at     int64 // nanoseconds
	sender int32
}

// dueHeap is a heap by time; of equals the first device goes first.
type dueHeap []due

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].sender < h[j].sender
}

// Push implements heap.Interface; the devices are known from the start.
func (h *dueHeap) Push(any) {}

// Pop implements heap.Interface; no device ever leaves.
func (h *dueHeap) Pop() any { return nil }

// follower plans what a schedule says.
type follower struct {
	m       *Uplinks
	random  *rand.Rand
	packets []generator.ScheduledPacket
	at      int
	devices map[int]*followed
	start   time.Duration
}

// followed is a device of a schedule.
type followed struct {
	sender  int32 // itself, or for one that training did not hear one that was heard
	counter uint32
}

// segment plans the next one. Behind the schedule's end, where nothing is sent, any
// device stands in the plan.
func (f *follower) segment() *Plan {
	plan := &Plan{sends: make([]send, f.m.Senders.Segment)}
	for i := range plan.sends {
		device, gap := -1, time.Duration(0)
		if f.at < len(f.packets) {
			device = f.packets[f.at].Device
			gap = time.Duration(f.packets[f.at].After - f.packets[max(0, f.at-1)].After)
		}
		f.at++
		if i == 0 {
			f.start += gap
			plan.Start = f.start
		}
		if device < 0 {
			device = int(f.m.Senders.any(f.random))
		}
		d := f.devices[device]
		switch {
		case d != nil:
			d.counter = f.m.Counter.next(d.counter, draw.Index(f.random, f.m.Counter.Weights), f.random)
		case device < len(f.m.Senders.List):
			d = &followed{int32(device), f.m.Counter.first(f.random)}
		default:
			d = &followed{f.m.Senders.any(f.random), f.m.Counter.first(f.random)}
		}
		f.devices[device] = d
		plan.sends[i] = send{d.sender, int32(device), d.counter, gap}
	}
	return plan
}

// any draws a device by how often it sends.
func (d *senders) any(random *rand.Rand) int32 {
	total := 0
	for _, s := range d.List {
		total += s.Uplinks
	}
	at := random.IntN(total)
	for i, s := range d.List {
		if at -= s.Uplinks; at < 0 {
			return int32(i)
		}
	}
	return 0
}
