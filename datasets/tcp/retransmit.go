package tcp

import (
	"math/rand/v2"
	"slices"
)

// retransmitAfter is the longest wait for an acknowledgement before a segment is
// sent again, in nanoseconds: the least that Linux waits.
const retransmitAfter = int64(200e6)

// retransmit sends a proportion of the data segments a second time, as if the first had
// been lost behind the point of capture: before its side says anything else and
// before anybody sends data, so that it is a copy of the segment before it.
func (c *connection) retransmit(proportion float64, random *rand.Rand) {
	for i := 0; i+1 < len(c.segments); i++ {
		g := c.segments[i]
		if g.payload == 0 || g.consumes() != int64(g.payload) || random.Float64() >= proportion {
			continue
		}
		next := i + 1
		for next < len(c.segments) && c.segments[next].dir != g.dir && c.segments[next].payload == 0 {
			next++
		}
		if next == len(c.segments) { // nobody would wait for it
			continue
		}
		g.again = true
		g.time += min(retransmitAfter, (c.segments[next].time-g.time)/2)
		at := i + 1
		for at < next && c.segments[at].time <= g.time {
			at++
		}
		c.segments = slices.Insert(c.segments, at, g)
		for k := range c.segments { // echoes are indices
			if c.segments[k].echo >= int32(at) {
				c.segments[k].echo++
			}
		}
		c.counts.add(segmentRepeated)
		i = at
	}
}
