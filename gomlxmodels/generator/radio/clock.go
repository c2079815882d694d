package radio

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// clock says when a device sends: how many frames on it is heard again, how long a
// frame takes it, and how long it is silent. A device that repeats its uplinks at
// fixed times has one period, to the precision of its quartz; one that sends when
// something happens has many. Periods are drawn one by one: a quartz follows the
// temperature of its day, which is another on another day.
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
	c := clock{Periods: quantiles(periods), Repeats: quantiles(repeats)}
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

// next draws the seconds until the device is heard again and the step of its counter.
func (c *clock) next(random *rand.Rand) (seconds float64, step int32) {
	total := 1 // the silence
	for _, f := range c.Steps {
		total += f.Count
	}
	at := random.IntN(total)
	for _, f := range c.Steps {
		if at -= f.Count; at < 0 {
			return c.wait(f.Step, random), f.Step
		}
	}
	seconds, step = c.Silence*random.ExpFloat64(), 1
	if len(c.Periods) > 0 {
		step = int32(max(1, min(counterMask/2, math.Round(seconds/max(1e-3, c.Periods[len(c.Periods)/2])))))
	}
	return seconds, step
}

// wait draws the seconds that a step takes.
func (c *clock) wait(step int32, random *rand.Rand) float64 {
	switch {
	case step == 0:
		return draw.Between(c.Repeats, random)
	case len(c.Periods) == 0: // a device that did nothing but begin anew
		return c.Silence * random.ExpFloat64()
	}
	return draw.Between(c.Periods, random) * float64(max(1, step))
}
