package wire

import (
	"math/rand/v2"
	"slices"
)

// retransmitAfter is the longest wait for an acknowledgement before a segment is
// sent again, in nanoseconds: the least that Linux waits.
const retransmitAfter = int64(200e6)

// retransmit sends a share of the data segments a second time, as if the first had
// been lost behind the point of capture: before its side says anything else and
// before anybody sends data, so that it is a copy of the segment before it.
func (s *script) retransmit(share float64, random *rand.Rand) {
	for i := 0; i+1 < len(s.segments); i++ {
		g := s.segments[i]
		if g.payload == 0 || g.consumes() != int64(g.payload) || random.Float64() >= share {
			continue
		}
		next := i + 1
		for next < len(s.segments) && s.segments[next].dir != g.dir && s.segments[next].payload == 0 {
			next++
		}
		if next == len(s.segments) { // nobody would wait for it
			continue
		}
		g.again = true
		g.time += min(retransmitAfter, (s.segments[next].time-g.time)/2)
		at := i + 1
		for at < next && s.segments[at].time <= g.time {
			at++
		}
		s.segments = slices.Insert(s.segments, at, g)
		for k := range s.segments { // echoes are indices
			if s.segments[k].echo >= int32(at) {
				s.segments[k].echo++
			}
		}
		s.counts.add(segmentRepeated)
		i = at
	}
}
