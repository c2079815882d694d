package markov

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// Positions ties labels to positions in the flow, as the per-position mixtures of
// connected flows do (algorithm.md section 6): at position i from the start only
// labels of First[i] stand, at position i from the end only labels of Last[i], and
// neither stand anywhere else. Where both apply, Last wins.
type Positions struct {
	First [][]int `json:"first,omitempty"`
	Last  [][]int `json:"last,omitempty"`
}

// positions is Positions by symbol: place is 0 for body, 1+i for First[i],
// -(1+i) for Last[i].
type positions struct {
	given       Positions
	first, last int32
	place       []int32
}

// SetPositions makes AppendSampleLength keep to p. A label may stand in one place only.
// It must not be called while other goroutines sample.
func (c *Chain) SetPositions(p Positions) error {
	place := make(map[int]int32)
	for sign, sets := range map[int32][][]int{1: p.First, -1: p.Last} {
		for i, set := range sets {
			if len(set) == 0 {
				return fmt.Errorf("markov: no label is allowed at position %d from an end: want at least one", i)
			}
			for _, label := range set {
				if _, twice := place[label]; twice {
					return fmt.Errorf("markov: label %d is given to two positions: want one", label)
				}
				place[label] = sign * int32(i+1)
			}
		}
	}
	c.positions = positions{given: p, first: int32(len(p.First)), last: int32(len(p.Last))}
	c.positions.place = make([]int32, len(c.labels)+1)
	for i, label := range c.labels {
		c.positions.place[i] = place[label]
	}
	c.backward = backward{}
	return nil
}

// want returns the place that a label must have to stand at the position, with the given
// number of labels after it.
func (p *positions) want(position, after int) int32 {
	switch {
	case after < int(p.last):
		return -int32(after + 1)
	case position < int(p.first):
		return int32(position + 1)
	}
	return 0
}

func (p *positions) none() bool { return p.place == nil }

// choices are the labels that are allowed at a place. nil means that no set was given.
func (p *positions) choices(want int32) []int {
	switch {
	case want > 0:
		return p.given.First[want-1]
	case want < 0:
		return p.given.Last[-want-1]
	}
	return nil
}

// backOff is the weight of looking at a shorter history where the longer one
// leads on as well. It is so small that a shorter history is used only where no
// sequence of the wanted length keeps to histories that were seen.
const backOff = 1e-9

// dropStart is the weight of forgetting that the flow has just begun: less than
// that of forgetting all labels of a history, so that a flow keeps its opening.
const dropStart = 1e-90

// shorten is the weight of looking at the parent of node instead of at node.
func (c *Chain) shorten(node int32) float64 {
	if node == c.start {
		return dropStart
	}
	return backOff
}

// layerMemory bounds the memory of the backward probabilities, in float64 values.
const layerMemory = 8 << 20

// period is how many of the last layers stand for all longer lengths: a multiple
// of the short periods that request and answer patterns have.
const period = 12

// backward holds, per number of labels still to come, the probability that each
// node's history is followed by that many labels and then END, divided by the
// layer's largest. For a layer beyond the memory the last ones are used in turn:
// by then the proportions of the nodes have settled.
type backward struct {
	mu     sync.RWMutex
	layers [][]float64
	scale  []float64 // layer = scale * (the unscaled step from the layer before)
}

// layer is the number of the layer that stands for remaining labels.
func (c *Chain) layer(remaining int) int {
	if remaining <= c.lastLayer {
		return remaining
	}
	return c.lastLayer - period + 1 + (remaining-c.lastLayer-1)%period
}

// grow computes the layers up to the one for remaining labels.
func (c *Chain) grow(remaining int) {
	top := min(remaining, c.lastLayer)
	c.backward.mu.RLock()
	have := len(c.backward.layers)
	c.backward.mu.RUnlock()
	if have > top {
		return
	}
	c.backward.mu.Lock()
	defer c.backward.mu.Unlock()
	for r := len(c.backward.layers); r <= top; r++ {
		layer, scale := c.step(r)
		c.backward.layers = append(c.backward.layers, layer)
		c.backward.scale = append(c.backward.scale, scale)
	}
}

// step computes layer r from layer r-1. Parents come before children, so that
// backing off reads the same layer.
func (c *Chain) step(r int) (layer []float64, scale float64) {
	e, end := &c.edges, int32(len(c.labels))
	layer = make([]float64, c.trie.size())
	var largest float64
	for node := range layer {
		var sum float64
		for i := e.from[node]; i < e.from[node+1]; i++ {
			switch {
			case r == 0 && e.symbol[i] == end:
				sum += e.probability[i]
			case r > 0 && e.symbol[i] != end && c.positions.later(e.symbol[i], r-1):
				sum += e.probability[i] * c.backward.layers[r-1][e.next[i]]
			}
		}
		if node > 0 {
			w := c.shorten(int32(node))
			sum = (1-w)*sum + w*layer[c.trie.parent[node]]
		}
		layer[node] = sum
		largest = max(largest, sum)
	}
	scale = 1
	if largest > 0 {
		scale = 1 / largest
		for node := range layer {
			layer[node] *= scale
		}
	}
	return layer, scale
}

// later reports whether the symbol may stand with the given number of labels after
// it, as far as the end of the flow decides.
func (p *positions) later(symbol int32, after int) bool {
	if p.none() {
		return true
	}
	if after < int(p.last) {
		return p.place[symbol] == -int32(after+1)
	}
	return p.place[symbol] >= 0
}

// AppendSampleLength appends one sequence of exactly length labels to dst, from the
// chain's distribution given that END comes right after them, and given the Positions
// that were set. Where no such sequence keeps to the histories seen in training it
// backs off to shorter ones, at as few places as it can. A length below 1 counts as 1.
func (c *Chain) AppendSampleLength(dst []int, src rand.Source, length int) []int {
	length = max(1, length)
	c.grow(length)
	c.backward.mu.RLock()
	layers, scale := c.backward.layers, c.backward.scale
	c.backward.mu.RUnlock()
	node := c.start
	for position := range length {
		remaining := length - position
		here, after := c.layer(remaining), c.layer(remaining-1)
		step := conditioned{chain: c, next: layers[after], want: c.positions.want(position, remaining-1)}
		if after == here-1 {
			step.here, step.scale = layers[here], scale[here]
		}
		var label int
		label, node = step.draw(src, node)
		dst = append(dst, label)
	}
	return dst
}
