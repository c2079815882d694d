// Package markov learns the order of labels inside flows: a Markov chain of any
// order with START and END, so that nothing is counted across a flow's border
// (NeCSTGen's chain, algorithm.md section 7, without its defects D16 to D19).
//
// Fit counts sequences into a Chain, which draws new ones, of any length or of a given
// one, and is saved as JSON. A Walk follows a sequence label by label and gives what may
// come next: the chain as the prior of a network.
//
// Counts are kept for every history of 0 to order labels in one suffix trie: the
// node of a history is the child of the node of the same history without its
// oldest label, so backing off to a shorter history is a step to the parent, and
// memory grows with the histories seen, not with labels to the power of the order.
//
// Sampling runs on arrays alone: a step costs tens of nanoseconds.
package markov

import (
	"errors"
	"fmt"
	"slices"
	"sort"
)

// maxOrder is the longest history that Fit accepts.
const maxOrder = 64

// Chain is a fitted Markov chain over labels. It is safe for concurrent use.
type Chain struct {
	order     int
	labels    []int // in increasing order; a label's index is its symbol
	trie      trie
	start     int32 // the node of the history START
	edges     edges
	positions positions
	backward  backward
	lastLayer int // of backward
}

// edges are the labels seen after each node's history, in compressed rows: those
// of node n are from[n] to from[n+1].
type edges struct {
	from        []int32
	symbol      []int32 // END where it is len(labels)
	count       []int64
	next        []int32   // node of the history that follows, -1 after END
	probability []float64 // count divided by the node's total
	cumulative  []float64 // running sum of probability inside the node
	total       []int64   // by node
}

// Fit counts the label sequences, one per flow, for histories of up to order
// labels. Order 0 is a bag of labels with an end. Every sequence must hold at
// least one label.
func Fit(order int, sequences [][]int) (*Chain, error) {
	if order < 0 || order > maxOrder {
		return nil, fmt.Errorf("markov: order %d: want 0 to %d", order, maxOrder)
	}
	if len(sequences) == 0 {
		return nil, errors.New("markov: no sequence to count: want at least one flow")
	}
	labels, err := alphabet(sequences)
	if err != nil {
		return nil, err
	}
	symbols := make(map[int]int32, len(labels))
	for i, label := range labels {
		symbols[label] = int32(i)
	}
	end := int32(len(labels))
	t := newTrie()
	counts := make(map[uint64]int64)
	var path []int32
	for _, sequence := range sequences {
		path = append(path[:0], end) // START and END share a symbol: one is only history, the other only next
		for i := 0; i <= len(sequence); i++ {
			next := end
			if i < len(sequence) {
				next = symbols[sequence[i]]
			}
			counts[key(t.insert(path, order), next)]++
			path = append(path, next)
		}
	}
	return build(order, labels, t, counts), nil
}

// alphabet is the sorted list of the labels that occur.
func alphabet(sequences [][]int) ([]int, error) {
	seen := make(map[int]bool)
	for i, sequence := range sequences {
		if len(sequence) == 0 {
			return nil, fmt.Errorf("markov: sequence %d is empty: want at least one label", i)
		}
		for _, label := range sequence {
			seen[label] = true
		}
	}
	labels := make([]int, 0, len(seen))
	for label := range seen {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	return labels, nil
}

// build turns the counts of the longest histories into a chain: counts are summed
// up to all shorter histories and laid out as arrays.
func build(order int, labels []int, t trie, counts map[uint64]int64) *Chain {
	c := &Chain{order: order, labels: labels, trie: t}
	type entry struct {
		node, symbol int32
		count        int64
	}
	entries := make([]entry, 0, len(counts)*(order+1))
	for k, n := range counts {
		symbol := int32(uint32(k))
		for node := int32(k >> 32); node >= 0; node = t.parent[node] {
			entries = append(entries, entry{node, symbol, n})
		}
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].node != entries[j].node {
			return entries[i].node < entries[j].node
		}
		return entries[i].symbol < entries[j].symbol
	})
	e := &c.edges
	e.from = make([]int32, t.size()+1)
	e.total = make([]int64, t.size())
	last := entry{node: -1}
	for _, in := range entries {
		if in.node != last.node || in.symbol != last.symbol {
			e.symbol = append(e.symbol, in.symbol)
			e.count = append(e.count, 0)
			e.from[in.node+1] = int32(len(e.symbol))
			last = in
		}
		e.count[len(e.count)-1] += in.count
		e.total[in.node] += in.count
	}
	for node := range t.size() {
		e.from[node+1] = max(e.from[node+1], e.from[node])
	}
	c.link()
	return c
}

// link fills in what follows from the counts: probabilities and the node after
// each label.
func (c *Chain) link() {
	e, end := &c.edges, int32(len(c.labels))
	e.next = make([]int32, len(e.symbol))
	e.probability = make([]float64, len(e.symbol))
	e.cumulative = make([]float64, len(e.symbol))
	var path []int32
	for node := range c.trie.size() {
		path = c.trie.history(path[:0], int32(node))
		sum := int64(0)
		for i := e.from[node]; i < e.from[node+1]; i++ {
			sum += e.count[i]
			e.probability[i] = float64(e.count[i]) / float64(e.total[node])
			e.cumulative[i] = float64(sum) / float64(e.total[node])
			e.next[i] = -1
			if e.symbol[i] != end {
				e.next[i] = c.trie.find(append(path, e.symbol[i]), c.order)
			}
		}
	}
	c.start = c.trie.find([]int32{end}, c.order)
	c.lastLayer = max(8*period, layerMemory/c.trie.size()) - 1
}

// Labels are the labels seen in training, in increasing order.
func (c *Chain) Labels() []int { return slices.Clone(c.labels) }
