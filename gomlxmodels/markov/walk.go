package markov

import (
	"math"
	"sync"
)

// Walk follows one sequence through a chain, label by label, and tells the
// interpolated log-probabilities of what may come next: the chain as a prior for
// a network that draws the labels.
type Walk struct {
	prior *Prior
	path  []int32
}

// Prior gives the log-probabilities of each label after any history, computed
// once per history. It is safe for concurrent use.
type Prior struct {
	chain *Chain
	mu    sync.Mutex
	rows  map[int32][]float32
}

// Prior prepares the chain to be followed by any number of walks.
func (c *Chain) Prior() *Prior { return &Prior{chain: c, rows: make(map[int32][]float32)} }

// Start is a walk at the beginning of a flow.
func (p *Prior) Start() Walk {
	return Walk{prior: p, path: []int32{int32(len(p.chain.labels))}}
}

// LogProbabilities of the labels 0 to len(Labels)-1 of the chain, in its order,
// END left out (so they do not sum to one). The slice is shared: do not change it.
func (w *Walk) LogProbabilities() []float32 {
	c := w.prior.chain
	node := c.trie.find(w.path, c.order)
	w.prior.mu.Lock()
	defer w.prior.mu.Unlock()
	row, known := w.prior.rows[node]
	if !known {
		row = make([]float32, len(c.labels))
		for symbol := range row {
			row[symbol] = float32(math.Log(c.smoothed(node, int32(symbol))))
		}
		w.prior.rows[node] = row
	}
	return row
}

// Step appends a label, given as its index in Labels.
func (w *Walk) Step(index int) {
	keep := w.prior.chain.order
	if len(w.path) > keep && keep > 0 {
		copy(w.path, w.path[1:])
		w.path = w.path[:len(w.path)-1]
	}
	w.path = append(w.path, int32(index))
}
