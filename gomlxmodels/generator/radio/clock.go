package radio

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// clock says when a device sends: how many frames on it is heard again, how long a
// frame takes it, and how long it is silent. A device that repeats its uplinks at
// fixed times has one period, to the precision of its quartz; one that sends when
// something happens has many.
//
// Training is thought of as a circle, on which the time before a device's first
// uplink and behind its last one is one more wait. So a device is heard as often as
// in training however few of its uplinks there are.
type clock struct {
	Steps   []frames  `json:"steps,omitempty"`   // from one uplink to the next
	Periods []float64 `json:"periods,omitempty"` // quantiles of the seconds that a frame takes
	Repeats []float64 `json:"repeats,omitempty"` // quantiles of the seconds until a frame is repeated
	Silence float64   `json:"silence"`           // seconds without the device, mean
	Silent  float64   `json:"silent"`            // fraction of the time that is such silence
	Drift   float64   `json:"drift,omitempty"`   // fraction of the periods' variance that is slow: a quartz follows the temperature
	Memory  float64   `json:"memory,omitempty"`  // of the slow part, from one wait to the next
}

// frames is a step of the frame counter and how often it was.
type frames struct {
	Step  int32 `json:"step"` // stepBack for a step back
	Count int   `json:"count"`
}

// stepBack stands for a counter that began anew.
const stepBack = -1

// stepBetween returns the step from one frame counter to the next.
func stepBetween(before, counter uint32) int32 {
	if step := (counter - before) & counterMask; step <= counterMask/2 {
		return int32(step)
	}
	return stepBack
}

// clockQuantiles is how many quantiles of periods and repeats are kept at most.
const clockQuantiles = 129

// fitClock learns the clock of a device on a timeline of span nanoseconds.
func fitClock(t *tally, span int64) clock {
	counts := make(map[int32]int)
	var periods, repeats []float64
	for i, step := range t.steps {
		counts[step]++
		seconds := float64(t.waits[i]) / 1e9
		switch {
		case step == 0:
			repeats = append(repeats, seconds)
		case step > 0:
			periods = append(periods, seconds/float64(step))
		}
	}
	c := clock{Repeats: quantiles(repeats)}
	c.Drift, c.Memory = drift(periods)
	c.Periods = quantiles(periods)
	c.Silence = max(1, float64(span-t.heard)/1e9)
	c.Silent = min(1, c.Silence/max(1, float64(span)/1e9))
	for step, count := range counts {
		c.Steps = append(c.Steps, frames{step, count})
	}
	slices.SortFunc(c.Steps, func(a, b frames) int { return int(a.Step - b.Step) })
	return c
}

// quantiles returns ascending quantiles of values, apart from the extremes where
// there are many: a single odd wait is no reason for the like.
func quantiles(values []float64) []float64 {
	if len(values) <= clockQuantiles {
		slices.Sort(values)
		return values
	}
	slices.Sort(values)
	q := make([]float64, clockQuantiles)
	for i := range q {
		q[i] = draw.Interpolated(values, (float64(i)+0.5)/clockQuantiles*float64(len(values)-1))
	}
	return q
}

// How many periods show whether they drift, how much of their variance at least has to,
// and the distance over which its memory is measured.
const (
	driftPeriods = 200
	leastDrift   = 0.1
	driftLag     = 20
)

// drift measures the slow part of periods, which are in time order: with the
// correlations r(1) and r(20) of their normal scores its variance is r(1), and its
// memory (r(20)/r(1))^(1/19).
func drift(periods []float64) (part, memory float64) {
	if len(periods) < driftPeriods {
		return 0, 0
	}
	scores, z := draw.FitNormalScores(periods), make([]float64, len(periods))
	random := rand.New(rand.NewPCG(0, 0)) // for the order of equal periods
	for i, v := range periods {
		z[i] = scores.Score(v, random)
	}
	near, far := stat.Correlation(z[1:], z[:len(z)-1], nil), stat.Correlation(z[driftLag:], z[:len(z)-driftLag], nil)
	if !(near > leastDrift) || !(far > 0) {
		return 0, 0
	}
	return min(near, 0.99), min(0.9999, math.Pow(far/near, 1.0/(driftLag-1)))
}

// next draws the seconds until the device is heard again and the step of its counter.
// slow is the slow part of the device's periods, which goes on.
func (c *clock) next(slow *float64, random *rand.Rand) (seconds float64, step int32) {
	total := 1 // the silence
	for _, f := range c.Steps {
		total += f.Count
	}
	at := random.IntN(total)
	for _, f := range c.Steps {
		if at -= f.Count; at < 0 {
			return c.wait(f.Step, slow, random), f.Step
		}
	}
	seconds, step = c.Silence*random.ExpFloat64(), 1
	if len(c.Periods) > 0 {
		step = int32(max(1, min(counterMask/2, math.Round(seconds/max(1e-3, c.Periods[len(c.Periods)/2])))))
	}
	return seconds, step
}

// wait draws the seconds that a step takes.
func (c *clock) wait(step int32, slow *float64, random *rand.Rand) float64 {
	switch {
	case step == 0:
		return draw.Between(c.Repeats, random)
	case len(c.Periods) == 0: // a device that did nothing but begin anew
		return c.Silence * random.ExpFloat64()
	}
	*slow = c.Memory**slow + math.Sqrt(1-c.Memory*c.Memory)*random.NormFloat64()
	score := math.Sqrt(c.Drift)**slow + math.Sqrt(1-c.Drift)*random.NormFloat64()
	return draw.Interpolated(c.Periods, distuv.UnitNormal.CDF(score)*float64(len(c.Periods)-1)) * float64(max(1, step))
}

// send is an uplink that is planned.
type send struct {
	sender  int32
	counter uint32
	gap     time.Duration // since the timeline's uplink before
}

// Plan is who sends when in one segment of a timeline.
type Plan struct {
	Start time.Duration // sum of the waits between segments, since the first one's start
	sends []send
}

// planner lets the clocks of all devices run and cuts what they give into segments.
type planner struct {
	m        *Uplinks
	random   *rand.Rand
	due      dueHeap
	counters []uint32
	slow     []float64 // part of the periods, by device
	at       int64     // nanoseconds; of the last uplink
	begun    bool
	start    time.Duration
}

// Plans returns a function that plans one segment after the other, as long as those
// of the training; nil for flows, whose uplinks are of one device.
func (m *Uplinks) Plans(seed uint64) func() *Plan {
	if m.Senders == nil {
		return None{}.Plans(seed)
	}
	p := &planner{m: m, random: rand.New(rand.NewPCG(seed, 0x706c616e)), counters: make([]uint32, len(m.Senders.List)), slow: make([]float64, len(m.Senders.List))}
	for i, s := range m.Senders.List {
		p.counters[i], p.slow[i] = m.Counter.first(p.random), p.random.NormFloat64()
		seconds := s.Clock.Silence * p.random.ExpFloat64()
		if p.random.Float64() >= s.Clock.Silent {
			if seconds, _ = s.Clock.next(&p.slow[i], p.random); seconds > 0 {
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
		plan.sends[i] = send{next.sender, p.counters[next.sender], gap}
		seconds, step := p.m.Senders.List[next.sender].Clock.next(&p.slow[next.sender], p.random)
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
