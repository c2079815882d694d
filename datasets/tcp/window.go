package tcp

import (
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
	scale := c.ends[dir].host.Scale
	for scale < maxScale && c.inFlight[1-dir] >= unscaledWindow<<scale {
		scale++
	}
	return scale
}

// maxScale is the largest window scale (RFC 7323, 2.3).
const maxScale = 14

// chooseWindow returns the window that goes with the scale: the host's own, or more
// where the data in flight would fill it.
func (c *openFlow) chooseWindow(dir flow.Direction) uint16 {
	scale := uint8(0)
	if c.scaled {
		scale = c.scale(dir)
	}
	need := (c.inFlight[1-dir]+1)>>scale + 1
	window := max(int64(c.ends[dir].host.Window), need, 1)
	return uint16(min(window, 1<<16-1))
}

// nextWindow returns another window than the last, a little larger where it can be.
func (e *end) nextWindow() uint16 {
	if e.window == 0xffff {
		e.window -= windowSteps
	}
	e.window++
	return e.window
}

// windowSteps is how far a window that cannot grow any more falls back.
const windowSteps = 16

// unscaledWindow is the most data in flight that a window without scale holds at all times.
const unscaledWindow = 1<<16 - windowSteps - 2
