package address

import (
	"math"
	"math/bits"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// windowCounts is what flows show of a host's windows.
type windowCounts struct {
	syn, first         [2]counter // of connections without and with timestamps
	growth             [][]uint16 // as sent, above the first one, after 1, 2, 4 and so on segments that count
	resets, resetsZero [2]int64   // without and with the ACK flag
}

// Bounds of what is kept of a host.
const (
	maxSamples   = 4096 // of windows after as many segments
	leastSamples = 8    // of windows or resets; a host with fewer is taken to be like the others
)

// windowWatch follows the windows of one side through a flow.
type windowWatch struct {
	counts   *windowCounts
	stamps   int // 1: the flow's segments have room for timestamps
	first    uint16
	received Received
	waiting  []uint32 // ends of segments that count and that the side has not acknowledged
	segments int      // those that it has
	rows     int      // of growth that have been noted or passed
}

// see notes a packet of the flow, sent by this side or by the other one.
func (w *windowWatch) see(p *flow.Packet, sent bool) {
	switch {
	case !sent:
		if w.received.Counts(p.PayloadLength) {
			w.waiting = append(w.waiting, p.Seq+uint32(p.PayloadLength))
		}
	case p.Flags&flow.RST != 0:
		kind := 0
		if p.Flags&flow.ACK != 0 {
			kind = 1
		}
		w.counts.resets[kind]++
		if p.Window == 0 {
			w.counts.resetsZero[kind]++
		}
	case p.Flags&flow.SYN != 0:
		w.counts.syn[w.stamps].add(uint64(p.Window))
	case p.Window != 0:
		for len(w.waiting) > 0 && int32(p.Ack-w.waiting[0]) >= 0 {
			w.waiting = w.waiting[1:]
			w.segments++
		}
		w.send(p.Window)
	}
}

// send notes the window of a segment that is neither SYN nor RST.
func (w *windowWatch) send(window uint16) {
	if w.first == 0 && w.segments == 0 {
		w.first = window
		w.counts.first[w.stamps].add(uint64(window))
	}
	if row := bits.Len(uint(w.segments)); w.first != 0 && row > w.rows {
		w.rows = row
		w.counts.note(row-1, max(w.first, window)-w.first)
	}
}

// note notes a window that is so far above its first.
func (c *windowCounts) note(row int, above uint16) {
	for len(c.growth) <= row {
		c.growth = append(c.growth, nil)
	}
	if len(c.growth[row]) < maxSamples {
		c.growth[row] = append(c.growth[row], above)
	}
}

// windows returns the windows of hosts by what was seen of each. What a host does not
// show by itself it has of all of them together.
func windows(hosts []*hostCounts) []Window {
	all := make([]Window, len(hosts))
	var together windowCounts
	var bytes [][]int64
	for i, h := range hosts {
		all[i] = h.windows.start()
		for row, values := range h.windows.growth {
			for len(bytes) <= row {
				bytes = append(bytes, nil)
			}
			for _, above := range values {
				bytes[row] = append(bytes[row], int64(above)<<all[i].Scale)
			}
		}
		for kind, n := range h.windows.resets {
			together.resets[kind] += n
			together.resetsZero[kind] += h.windows.resetsZero[kind]
		}
	}
	var usual [][5]int64
	for _, values := range bytes {
		if len(values) >= leastSamples {
			usual = append(usual, quartiles(values))
		}
	}
	for i, h := range hosts {
		all[i].Growth = h.windows.rows(all[i].Scale, usual)
		for kind := range h.windows.resets {
			of := &h.windows
			if of.resets[kind] < leastSamples {
				of = &together
			}
			if of.resets[kind] > 0 {
				all[i].ResetZero[kind] = float64(of.resetsZero[kind]) / float64(of.resets[kind])
			}
		}
	}
	return all
}

// rows returns the growth of a host: its own, and the usual one where too little is seen.
// No quantile falls from row to row.
func (c *windowCounts) rows(scale uint8, usual [][5]int64) [][5]int64 {
	growth := slices.Clone(usual)
	for row := range growth {
		if row < len(c.growth) && len(c.growth[row]) >= leastSamples {
			bytes := make([]int64, len(c.growth[row]))
			for i, above := range c.growth[row] {
				bytes[i] = int64(above) << scale
			}
			growth[row] = quartiles(bytes)
		}
		for k := range growth[row] {
			if row > 0 {
				growth[row][k] = max(growth[row][k], growth[row-1][k])
			}
		}
	}
	return growth
}

// quartiles returns least, quartiles and greatest of values, and sorts them.
func quartiles(values []int64) [5]int64 {
	slices.Sort(values)
	var out [5]int64
	for k := range out {
		out[k] = values[k*(len(values)-1)/(len(out)-1)]
	}
	return out
}

// start returns the window of a host with its first values alone. Where connections of one
// kind, without or with timestamps, were not seen, they have the values of the other kind.
func (c *windowCounts) start() Window {
	w := linuxWindow()
	for kind := range w.SYN {
		syn, first := c.syn[kind], c.first[kind]
		if len(syn) == 0 {
			syn = c.syn[1-kind]
		}
		if len(first) == 0 {
			first = c.first[1-kind]
		}
		w.SYN[kind] = uint16(syn.mode(uint64(w.SYN[kind])))
		w.First[kind] = uint16(first.mode(uint64(w.First[kind])))
		if len(syn) > 0 && len(first) > 0 {
			w.Scale = impliedScale(w.SYN[kind], w.First[kind])
		}
	}
	return w
}

// impliedScale returns the window scale with which the first window, as sent, is nearest
// to the window of the SYN, which is in bytes.
func impliedScale(syn, first uint16) uint8 {
	if first == 0 || syn <= first {
		return 0
	}
	return uint8(min(MaxScale, math.Round(math.Log2(float64(syn)/float64(first)))))
}
