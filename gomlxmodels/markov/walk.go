package markov

import (
	"fmt"
	"math"
	"sync/atomic"
)

// Walk follows one sequence through a chain, label by label, and gives the
// interpolated log-probabilities of what may come next: the chain as a prior for
// a network that draws the labels. Its state is the longest known history that
// the sequence ends with.
type Walk struct {
	prior *Prior
	node  int32
}

// Prior gives the log-probabilities of each label after any history, and the
// history after it, both computed once per history. It is safe for concurrent use.
type Prior struct {
	chain *Chain
	after []atomic.Pointer[prospect] // by node; nil: nobody was there
}

// prospect is what may follow a history.
type prospect struct {
	logs []float32 // of each label
	next []int32   // node after each label
}

// Prior prepares the chain to be followed by any number of walks.
func (c *Chain) Prior() *Prior {
	return &Prior{chain: c, after: make([]atomic.Pointer[prospect], c.trie.size())}
}

// Start is a walk at the beginning of a flow.
func (p *Prior) Start() Walk { return Walk{prior: p, node: p.chain.start} }

// Node returns where the walk is: the number of its history, for Resume.
func (w *Walk) Node() int32 { return w.node }

// Resume returns a walk at the history of that number.
func (p *Prior) Resume(node int32) (Walk, error) {
	if node < 0 || int(node) >= len(p.after) {
		return Walk{}, fmt.Errorf("markov: resume at history %d: want one of the chain's %d", node, len(p.after))
	}
	return Walk{prior: p, node: node}, nil
}

// at is what may follow the node's history. Whoever comes first computes it; who
// comes at the same time computes the same.
func (p *Prior) at(node int32) *prospect {
	if known := p.after[node].Load(); known != nil {
		return known
	}
	return p.compute(node)
}

// compute computes what at returns.
func (p *Prior) compute(node int32) *prospect {
	c := p.chain
	a := &prospect{logs: make([]float32, len(c.labels)), next: make([]int32, len(c.labels))}
	path := c.trie.history(nil, node)
	for symbol := range a.logs {
		a.logs[symbol] = float32(math.Log(c.smoothed(node, int32(symbol))))
		a.next[symbol] = c.trie.find(append(path, int32(symbol)), c.order)
	}
	p.after[node].Store(a)
	return a
}

// LogProbabilities of the labels 0 to len(Labels)-1 of the chain, in its order,
// END left out (so they do not sum to one). The slice is shared: do not change it.
func (w *Walk) LogProbabilities() []float32 { return w.prior.at(w.node).logs }

// Step appends a label, given as its index in Labels.
func (w *Walk) Step(index int) { w.node = w.prior.at(w.node).next[index] }
