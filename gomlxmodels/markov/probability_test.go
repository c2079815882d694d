package markov

import (
	"fmt"
	"math"
	"sort"
)

// What the tests' laws are about: probabilities that sampling and walks never ask for
// one by one.

// probability of label after history (oldest first, from the flow's start if it is
// shorter than the order): counts of the longest part of the history that was
// seen. This is what AppendSample draws from.
func (c *Chain) probability(history []int, label int) float64 {
	symbol := c.symbol(label)
	if symbol < 0 {
		return 0
	}
	return c.after(c.node(history), symbol)
}

// endProbability is the probability that the flow ends after history.
func (c *Chain) endProbability(history []int) float64 {
	return c.after(c.node(history), int32(len(c.labels)))
}

// symbol of a label, -1 for one that training did not have.
func (c *Chain) symbol(label int) int32 {
	i := sort.SearchInts(c.labels, label)
	if i == len(c.labels) || c.labels[i] != label {
		return -1
	}
	return int32(i)
}

// node of a whole flow's beginning.
func (c *Chain) node(history []int) int32 {
	path := make([]int32, 0, c.order+1)
	if len(history) < c.order {
		path = append(path, int32(len(c.labels)))
	}
	for _, label := range history[max(0, len(history)-c.order):] {
		path = append(path, c.symbol(label))
	}
	return c.trie.find(path, c.order)
}

func (c *Chain) after(node, symbol int32) float64 {
	if i := c.edge(node, symbol); i >= 0 {
		return c.edges.probability[i]
	}
	return 0
}

// logProbability is the natural logarithm of the probability of a whole sequence,
// its end included, under the counts interpolated over all shorter histories. It is
// finite for every sequence, seen or not.
func (c *Chain) logProbability(sequence []int) float64 {
	end := int32(len(c.labels))
	path := make([]int32, 1, len(sequence)+1)
	path[0] = end
	var sum float64
	for i := 0; i <= len(sequence); i++ {
		symbol := end
		if i < len(sequence) {
			symbol = c.symbol(sequence[i])
		}
		sum += math.Log(c.smoothed(c.trie.find(path, c.order), symbol))
		path = append(path, symbol)
	}
	return sum
}

// stationary is the proportion of each label, in the order of Labels, in an endless run
// of flows drawn one after the other: the stationary distribution of the chain that
// goes from END to START. It is found by power iteration of the half-idle chain
// (which has no period); iterations bounds their number.
func (c *Chain) stationary(iterations int) ([]float64, error) {
	e := &c.edges
	state := make([]float64, c.trie.size())
	next := make([]float64, c.trie.size())
	state[c.start] = 1
	for range iterations {
		clear(next)
		for node, p := range state {
			if p == 0 {
				continue
			}
			for i := e.from[node]; i < e.from[node+1]; i++ {
				to := e.next[i]
				if to < 0 {
					to = c.start
				}
				next[to] += p * e.probability[i]
			}
		}
		var change float64
		for node := range next {
			next[node] = (next[node] + state[node]) / 2
			change += math.Abs(next[node] - state[node])
		}
		state, next = next, state
		if change < 1e-13 {
			return c.labelProportions(state), nil
		}
	}
	return nil, fmt.Errorf("markov: stationary distribution not settled after %d iterations: allow more", iterations)
}

// labelProportions turns proportions of histories into those of the labels drawn after them.
func (c *Chain) labelProportions(state []float64) []float64 {
	e := &c.edges
	proportions := make([]float64, len(c.labels))
	var sum float64
	for node, p := range state {
		for i := e.from[node]; i < e.from[node+1]; i++ {
			if e.next[i] >= 0 {
				proportions[e.symbol[i]] += p * e.probability[i]
				sum += p * e.probability[i]
			}
		}
	}
	for i := range proportions {
		proportions[i] /= sum
	}
	return proportions
}
