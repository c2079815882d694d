package tcp

import (
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// mss returns the maximum segment size that a side announces: its host's own, or less
// where the MTU leaves less room, unless the peer sends more in one segment.
func (c *openFlow) mss(dir flow.Direction) uint16 {
	need := c.maxPayload[1-dir]
	if c.timestamps {
		need += timestampOptions
	}
	return uint16(max(int32(min(c.ends[dir].host.MSS, c.room)), need))
}

// scale returns the window scale that a side announces: the host's own, or more
// where the data in flight would fill its window.
func (c *openFlow) scale(dir flow.Direction) uint8 {
	scale := c.ends[dir].host.Window.Scale
	for scale < address.MaxScale && c.inFlight[1-dir] >= unscaledWindow<<scale {
		scale++
	}
	return scale
}

// unscaledWindow is the most data in flight that a window without scale holds at all
// times: a window that cannot grow any more falls back by a step.
const unscaledWindow = math.MaxUint16 - windowSteps - 2

// windowSteps is how far a window that cannot grow any more falls back.
const windowSteps = 16

// announce gives each segment of a connection its window: as large as the host's windows
// are after what it has received, and never so small that the data in flight would fill
// it or that its right edge would move back (RFC 9293, 3.8.6).
func (c *openFlow) announce(random *rand.Rand) {
	c.findLeastWindows()
	var sides [2]receiver
	stamps := 0
	if c.timestamps {
		stamps = 1
	}
	for dir := range sides {
		w := &c.ends[dir].host.Window
		r := receiver{window: w, syn: w.SYN[stamps], first: int64(w.First[stamps]) << w.Scale, luck: random.Float64()}
		if c.scaled {
			r.scale = c.scale(flow.Direction(dir))
		}
		sides[dir] = r
	}
	for i := range c.segments {
		g := &c.segments[i]
		r, least := &sides[g.dir], g.window
		switch {
		case g.flags&flow.RST != 0:
			kind := 0
			if g.flags&flow.ACK != 0 {
				kind = 1
			}
			g.window = r.last
			if p := r.window.ResetZero[kind]; p > 0 && random.Float64() < p {
				g.window = 0
			}
		case g.flags&flow.SYN != 0:
			g.window = r.syn
			if !c.scaled {
				g.window = max(g.window, least)
			}
		default:
			r.hear(c.segments, g)
			if g.repeat {
				g.window = r.last
			} else {
				r.choose(g)
			}
		}
	}
}

// findLeastWindows notes in each segment the least window that holds what the peer sends
// until the side's next segment, and how many window updates follow at once.
func (c *openFlow) findLeastWindows() {
	var sent, horizon [2]int64 // by side: bytes sent, and how many the peer has sent when the side speaks again
	var updates [2]uint8
	var scales [2]uint8
	for i := range c.segments {
		if g := &c.segments[i]; !g.again {
			sent[g.dir] += g.consumes()
		}
	}
	for dir := range scales {
		horizon[dir] = sent[1-dir]
		if c.scaled {
			scales[dir] = c.scale(flow.Direction(dir))
		}
	}
	for i := len(c.segments) - 1; i >= 0; i-- {
		g := &c.segments[i]
		need := horizon[g.dir] - int64(g.ack)
		g.window = uint16(min(math.MaxUint16, (need+1)>>scales[g.dir]+1))
		g.updates = updates[g.dir]
		updates[g.dir] = 0
		if g.update {
			updates[g.dir] = min(g.updates, math.MaxUint8-1) + 1
		}
		if !g.repeat && g.flags&flow.RST == 0 { // whose windows are the one before, or none
			horizon[g.dir] = sent[1-g.dir]
		}
		if !g.again {
			sent[g.dir] -= g.consumes()
		}
	}
}

// receiver is one side of a connection as it receives.
type receiver struct {
	window   *address.Window
	syn      uint16  // window of its SYN
	first    int64   // and behind it, bytes
	scale    uint8   // of this connection
	luck     float64 // which late growth the connection has
	next     int     // index of the first segment that it has not acknowledged
	heard    int64   // bytes acknowledged
	received address.Received
	counted  int    // segments that make the window grow
	edge     int64  // right edge of its windows
	last     uint16 // window as sent
}

// hear takes in the peer's segments up to what segment g acknowledges.
func (r *receiver) hear(segments []segment, g *segment) {
	for ; r.heard < int64(g.ack) && r.next < len(segments); r.next++ {
		from := &segments[r.next]
		if from.dir == g.dir || from.again {
			continue
		}
		r.heard += from.consumes()
		if r.received.Counts(from.payload) {
			r.counted++
		}
	}
}

// choose gives a segment the window of the host at this time. Ahead of window updates it
// leaves out what they have to say: the data has not been read yet.
func (r *receiver) choose(g *segment) {
	unit := int64(1) << r.scale
	ack := int64(g.ack)
	window := (r.first + r.window.Grown(r.counted, r.luck) + unit - 1) >> r.scale
	held := max(int64(g.window), (r.edge-ack+unit-1)>>r.scale, 1)
	if g.updates > 0 {
		window -= int64(g.updates)
	}
	window = min(max(window, held), math.MaxUint16)
	if g.update && window == int64(r.last) {
		if window++; window > math.MaxUint16 {
			window = math.MaxUint16 - windowSteps
		}
	}
	r.last = uint16(window)
	r.edge = max(r.edge, ack+window<<r.scale)
	g.window = r.last
}
