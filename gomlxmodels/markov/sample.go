package markov

import "math/rand/v2"

// uniform is a number in [0, 1) with 53 random bits.
func uniform(src rand.Source) float64 { return float64(src.Uint64()>>11) / (1 << 53) }

// AppendSample appends one sequence from START to END to dst. It stops after
// maxLength labels; 0 means no limit (END comes with probability 1, since every
// sequence had one).
func (c *Chain) AppendSample(dst []int, src rand.Source, maxLength int) []int {
	node, end := c.start, int32(len(c.labels))
	for n := 0; maxLength <= 0 || n < maxLength; n++ {
		i := c.draw(node, uniform(src))
		if c.edges.symbol[i] == end {
			break
		}
		dst = append(dst, c.labels[c.edges.symbol[i]])
		node = c.edges.next[i]
	}
	return dst
}

// draw is the edge of the node whose part of [0, 1) holds u.
func (c *Chain) draw(node int32, u float64) int32 {
	e := &c.edges
	low, high := e.from[node], e.from[node+1]-1
	for high-low > 8 {
		middle := (low + high) / 2
		if u < e.cumulative[middle] {
			high = middle
		} else {
			low = middle + 1
		}
	}
	for low < high && u >= e.cumulative[low] {
		low++
	}
	return low
}
