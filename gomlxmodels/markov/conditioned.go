package markov

import (
	"math/rand/v2"
	"sort"
)

// conditioned is one step of sampling with a given end.
type conditioned struct {
	chain *Chain
	here  []float64 // the layer of this step, scaled by scale; nil: not consecutive with next
	next  []float64 // the layer after this step
	scale float64
	want  int32 // the place that the position asks for
}

// weight of an edge: its probability times that of ending in time after it.
func (s *conditioned) weight(i int32) float64 {
	c := s.chain
	if c.edges.next[i] < 0 || !c.positions.none() && c.positions.place[c.edges.symbol[i]] != s.want {
		return 0
	}
	return c.edges.probability[i] * s.next[c.edges.next[i]]
}

// draw is a label and the node of the history that it leads to.
func (s *conditioned) draw(src rand.Source, node int32) (label int, next int32) {
	c := s.chain
	for from := node; from >= 0; from = c.trie.parent[from] {
		var sum float64
		for i := c.edges.from[from]; i < c.edges.from[from+1]; i++ {
			sum += s.weight(i)
		}
		if sum == 0 {
			continue // nothing leads on from here: look at the shorter history
		}
		if from > 0 && s.here != nil {
			w := c.shorten(from)
			shorter := w * s.here[c.trie.parent[from]] / s.scale
			if shorter > 0 && uniform(src)*((1-w)*sum+shorter) < shorter {
				continue
			}
		}
		u := uniform(src) * sum
		for i := c.edges.from[from]; i < c.edges.from[from+1]; i++ {
			w := s.weight(i)
			if w > 0 && u < w {
				return c.labels[c.edges.symbol[i]], c.edges.next[i]
			}
			u -= w
		}
		// Rounding left u at or above the sum: take the last edge that counts.
		for i := c.edges.from[from+1] - 1; ; i-- {
			if s.weight(i) > 0 {
				return c.labels[c.edges.symbol[i]], c.edges.next[i]
			}
		}
	}
	return s.unseen(src)
}

// unseen is a label for a position at which no label was ever counted: evenly
// from those that the position allows, else as often as in training.
func (s *conditioned) unseen(src rand.Source) (label int, next int32) {
	c := s.chain
	if set := c.positions.choices(s.want); len(set) > 0 {
		label = set[int(uniform(src)*float64(len(set)))]
		i := sort.SearchInts(c.labels, label)
		if i < len(c.labels) && c.labels[i] == label {
			return label, c.trie.find([]int32{int32(i)}, c.order)
		}
		return label, 0
	}
	for {
		if i := c.draw(0, uniform(src)); c.edges.next[i] >= 0 {
			return c.labels[c.edges.symbol[i]], c.edges.next[i]
		}
	}
}
