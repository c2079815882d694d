package flow

import (
	"fmt"
	"math"
	"time"
)

// maxStep is the longest time between two packets in a row that is believed: no
// recording is silent for a year, but a file merged of captures whose clocks
// differ (a host that was never set counts from 1970) steps further.
const maxStep = 366 * 24 * time.Hour

// Clock follows the times of the packets of a stream. The zero value is ready.
type Clock struct {
	Packets     int64
	First, Last int64         // smallest and largest time, nanoseconds since 1970-01-01 UTC; 0 without packets
	Step        time.Duration // largest step from one packet to the next, in either direction
	Jumps       int64         // steps that are longer than any recording is silent

	at, from, to int64 // the packet behind the largest step, and its ends
	previous     int64
}

// Add takes the next packet's time.
func (c *Clock) Add(now int64) {
	if c.Packets == 0 {
		c.First, c.Last, c.previous = now, now, now
	}
	step := uint64(now) - uint64(c.previous)
	if now < c.previous {
		step = -step
	}
	if step > uint64(c.Step) {
		c.Step = time.Duration(min(step, math.MaxInt64))
		c.at, c.from, c.to = c.Packets, c.previous, now
	}
	if step > uint64(maxStep) {
		c.Jumps++
	}
	c.First, c.Last, c.previous = min(c.First, now), max(c.Last, now), now
	c.Packets++
}

// Check returns an error where the times jump as no clock does: what is counted
// over time, as rates are, means nothing then.
func (c *Clock) Check() error {
	if c.Jumps == 0 {
		return nil
	}
	date := func(t int64) string { return time.Unix(0, t).UTC().Format(time.DateOnly) }
	return fmt.Errorf("the clock jumps by %.1f years at packet %d, from %s to %s (%d such jumps; the packets span %s to %s): want one recording; of a merged file one part, as what is from %s on, or before it (data.from, data.to)",
		c.Step.Hours()/24/365.25, c.at, date(c.from), date(c.to), c.Jumps, date(c.First), date(c.Last), date(max(c.from, c.to)))
}
