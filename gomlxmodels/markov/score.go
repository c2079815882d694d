package markov

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// Probability of label after history (oldest first, from the flow's start if it is
// shorter than the order): counts of the longest part of the history that was
// seen. This is what Sample draws from.
func (c *Chain) Probability(history []int, label int) float64 {
	symbol := c.symbol(label)
	if symbol < 0 {
		return 0
	}
	return c.share(c.node(history), symbol)
}

// EndProbability is the probability that the flow ends after history.
func (c *Chain) EndProbability(history []int) float64 {
	return c.share(c.node(history), int32(len(c.labels)))
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

// edge of the node with that symbol, -1 if it has none.
func (c *Chain) edge(node, symbol int32) int32 {
	e := &c.edges
	low, high := int(e.from[node]), int(e.from[node+1])
	i := low + sort.Search(high-low, func(i int) bool { return e.symbol[low+i] >= symbol })
	if i == high || e.symbol[i] != symbol {
		return -1
	}
	return int32(i)
}

func (c *Chain) share(node, symbol int32) float64 {
	if i := c.edge(node, symbol); i >= 0 {
		return c.edges.probability[i]
	}
	return 0
}

// smoothed is the probability of symbol after the node's history, interpolated
// with the shorter histories (Witten and Bell 1991, method C):
//
//	P(x|h) = (count(h,x) + kinds(h) P(x|h')) / (count(h) + kinds(h))
//
// where kinds(h) is how many different symbols followed h. Below the empty history
// stands the even distribution over the labels, END, and one for all that is unknown.
// symbol -1 is an unknown label.
func (c *Chain) smoothed(node, symbol int32) float64 {
	if node < 0 {
		return 1 / float64(len(c.labels)+2)
	}
	e := &c.edges
	var count int64
	if i := c.edge(node, symbol); i >= 0 {
		count = e.count[i]
	}
	kinds := float64(e.from[node+1] - e.from[node])
	shorter := c.smoothed(c.trie.parent[node], symbol)
	return (float64(count) + kinds*shorter) / (float64(e.total[node]) + kinds)
}

// LogProbability is the natural logarithm of the probability of a whole sequence,
// its end included, under the counts interpolated over all shorter histories. It is
// finite for every sequence, seen or not.
func (c *Chain) LogProbability(sequence []int) float64 {
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

// Perplexity is exp(-mean LogProbability per label, each sequence's END counted as
// one): how many labels the chain hesitates between. 1 is a chain that knows all.
func (c *Chain) Perplexity(sequences [][]int) (float64, error) {
	var sum float64
	var n int
	for _, sequence := range sequences {
		sum += c.LogProbability(sequence)
		n += len(sequence) + 1
	}
	if n == 0 {
		return 0, errors.New("markov: perplexity of no sequence: want at least one held-out flow")
	}
	return math.Exp(-sum / float64(n)), nil
}

// ChooseOrder fits every order from 0 to maxOrder on training and gives the one
// with the least perplexity on heldout, and all perplexities.
func ChooseOrder(maxOrder int, training, heldout [][]int) (order int, perplexities []float64, err error) {
	for k := 0; k <= maxOrder; k++ {
		c, err := Fit(k, training)
		if err != nil {
			return 0, nil, err
		}
		p, err := c.Perplexity(heldout)
		if err != nil {
			return 0, nil, err
		}
		perplexities = append(perplexities, p)
		if p < perplexities[order] {
			order = k
		}
	}
	if perplexities == nil {
		return 0, nil, fmt.Errorf("markov: largest order %d: want 0 to %d", maxOrder, MaxOrder)
	}
	return order, perplexities, nil
}

// Stationary is the share of each label, in the order of Labels, in an endless run
// of flows drawn one after the other: the stationary distribution of the chain that
// goes from END to START. It is found by power iteration of the half-idle chain
// (which has no period); iterations bounds their number.
func (c *Chain) Stationary(iterations int) ([]float64, error) {
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
			return c.labelShares(state), nil
		}
	}
	return nil, fmt.Errorf("markov: stationary distribution not settled after %d iterations: allow more", iterations)
}

// labelShares turns shares of histories into shares of the labels drawn after them.
func (c *Chain) labelShares(state []float64) []float64 {
	e := &c.edges
	shares := make([]float64, len(c.labels))
	var sum float64
	for node, p := range state {
		for i := e.from[node]; i < e.from[node+1]; i++ {
			if e.next[i] >= 0 {
				shares[e.symbol[i]] += p * e.probability[i]
				sum += p * e.probability[i]
			}
		}
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}
