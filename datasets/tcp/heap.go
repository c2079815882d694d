package tcp

// The open flows are a heap of four branches, inlined for speed:
// container/heap costs an interface call per comparison, and two branches twice the
// levels, most of them out of the cache.
const branches = 4

// turn is an open flow in the heap. The time stands here and not behind
// the pointer: with a thousand flows open that is 40 % of the whole cost.
type turn struct {
	time  int64 // of the next segment
	order uint64
	c     *openFlow
}

// before orders by the time of the next segment, then by admission.
func (a *turn) before(b *turn) bool {
	return a.time < b.time || a.time == b.time && a.order < b.order
}

func (f *Framer) push(c *openFlow) {
	f.open = append(f.open, turn{c.segments[c.next].time, f.orders, c})
	f.orders++
	for i := len(f.open) - 1; i > 0; {
		parent := (i - 1) / branches
		if !f.open[i].before(&f.open[parent]) {
			return
		}
		f.open[i], f.open[parent] = f.open[parent], f.open[i]
		i = parent
	}
}

// keptSegments is the largest connection whose memory is kept for another flow.
const keptSegments = 1 << 14

// advance moves the first flow behind its next segment; at its end it
// is taken out and its memory kept for another.
func (f *Framer) advance() {
	top := &f.open[0]
	if top.c.next++; top.c.next < len(top.c.segments) {
		top.time = top.c.segments[top.c.next].time
	} else {
		if cap(top.c.segments) <= keptSegments {
			f.free = append(f.free, top.c)
		}
		last := len(f.open) - 1
		f.open[0] = f.open[last]
		f.open[last] = turn{}
		f.open = f.open[:last]
	}
	f.sink()
}

// sink moves the first flow down to where it belongs.
func (f *Framer) sink() {
	if len(f.open) == 0 {
		return
	}
	i, moved := 0, f.open[0]
	for {
		child := branches*i + 1
		if child >= len(f.open) {
			break
		}
		for other := child + 1; other < min(branches*i+1+branches, len(f.open)); other++ {
			if f.open[other].before(&f.open[child]) {
				child = other
			}
		}
		if !f.open[child].before(&moved) {
			break
		}
		f.open[i] = f.open[child]
		i = child
	}
	f.open[i] = moved
}
