package wire

// The open conversations are a binary heap, inlined for speed: container/heap
// costs an interface call per comparison.

// before orders conversations by the time of their next segment, then by admission.
func (c *conversation) before(d *conversation) bool {
	a, b := c.segments[c.next].time, d.segments[d.next].time
	return a < b || a == b && c.order < d.order
}

func (f *Framer) push(c *conversation) {
	c.order = f.orders
	f.orders++
	f.open = append(f.open, c)
	f.peak = max(f.peak, len(f.open))
	for i := len(f.open) - 1; i > 0; {
		parent := (i - 1) / 2
		if !f.open[i].before(f.open[parent]) {
			return
		}
		f.open[i], f.open[parent] = f.open[parent], f.open[i]
		i = parent
	}
}

// remove takes the first conversation out and keeps its memory for another.
func (f *Framer) remove() {
	f.free = append(f.free, f.open[0])
	last := len(f.open) - 1
	f.open[0] = f.open[last]
	f.open[last] = nil
	f.open = f.open[:last]
	if last > 0 {
		f.sink(0)
	}
}

// sink moves conversation i down to where it belongs.
func (f *Framer) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(f.open) {
			return
		}
		if right := child + 1; right < len(f.open) && f.open[right].before(f.open[child]) {
			child = right
		}
		if !f.open[child].before(f.open[i]) {
			return
		}
		f.open[i], f.open[child] = f.open[child], f.open[i]
		i = child
	}
}
