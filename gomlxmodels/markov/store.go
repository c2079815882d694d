package markov

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// format is the version of what Save writes.
const format = 1

// maxCount keeps sums of counts from a damaged file within an int64.
const maxCount = 1 << 40

// file is the saved chain: the counts after the longest histories alone, since
// those of shorter ones are their sums.
type file struct {
	Format    int       `json:"format"`
	Order     int       `json:"order"`
	Labels    []int     `json:"labels"`
	Positions Positions `json:"positions"`
	Histories []history `json:"histories"`
}

// history is one longest history, as indexes into the labels, oldest first, with
// what followed it. The index len(labels) is START in Labels and END in Next.
type history struct {
	Labels []int32 `json:"h"`
	Next   []int32 `json:"n"`
	Counts []int64 `json:"c"`
}

// Save writes the chain as JSON.
func (c *Chain) Save(w io.Writer) error {
	f := file{Format: format, Order: c.order, Labels: c.labels, Positions: c.positions.given}
	e := &c.edges
	for node := range c.trie.size() {
		h := history{Labels: c.trie.history([]int32{}, int32(node))}
		whole := len(h.Labels) == c.order || len(h.Labels) > 0 && h.Labels[0] == int32(len(c.labels))
		if !whole {
			continue
		}
		h.Next = e.symbol[e.from[node]:e.from[node+1]]
		h.Counts = e.count[e.from[node]:e.from[node+1]]
		f.Histories = append(f.Histories, h)
	}
	if err := json.NewEncoder(w).Encode(f); err != nil {
		return fmt.Errorf("markov: save: %w", err)
	}
	return nil
}

// Load reads a chain that Save wrote. The name appears in error messages.
func Load(r io.Reader, name string) (*Chain, error) {
	var f file
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("markov: %s: %w", name, err)
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("markov: %s: %w", name, err)
	}
	t := newTrie()
	counts := make(map[uint64]int64)
	for _, h := range f.Histories {
		node := t.insert(h.Labels, f.Order)
		for i, next := range h.Next {
			counts[key(node, next)] += h.Counts[i]
		}
	}
	c := build(f.Order, f.Labels, t, counts)
	if len(f.Positions.First) > 0 || len(f.Positions.Last) > 0 {
		if err := c.SetPositions(f.Positions); err != nil {
			return nil, fmt.Errorf("markov: %s: %w", name, err)
		}
	}
	return c, nil
}

// check returns an error for a file that Save cannot have written, so that sampling
// never leaves the arrays and always ends.
func (f *file) check() error {
	if f.Format != format {
		return fmt.Errorf("format %d: this program reads %d", f.Format, format)
	}
	if f.Order < 0 || f.Order > maxOrder {
		return fmt.Errorf("order %d: want 0 to %d", f.Order, maxOrder)
	}
	for i := range f.Labels {
		if i > 0 && f.Labels[i] <= f.Labels[i-1] {
			return fmt.Errorf("labels %v: want each larger than the one before", f.Labels)
		}
	}
	if len(f.Labels) == 0 {
		return fmt.Errorf("no labels: want at least one")
	}
	for i, h := range f.Histories {
		if err := f.checkHistory(h); err != nil {
			return fmt.Errorf("history %d: %w", i, err)
		}
	}
	return f.checkPaths()
}

func (f *file) checkHistory(h history) error {
	end := int32(len(f.Labels))
	if len(h.Labels) > f.Order || len(h.Next) == 0 || len(h.Next) != len(h.Counts) {
		return fmt.Errorf("%d labels, %d next, %d counts: want at most %d labels, and as many next as counts",
			len(h.Labels), len(h.Next), len(h.Counts), f.Order)
	}
	for i, s := range h.Labels {
		if s < 0 || s > end || s == end && i > 0 {
			return fmt.Errorf("label index %d at %d: want 0 to %d, START only first", s, i, end-1)
		}
	}
	for i, s := range h.Next {
		if s < 0 || s > end || h.Counts[i] < 1 || h.Counts[i] > maxCount {
			return fmt.Errorf("next index %d with count %d: want 0 to %d, and 1 to %d", s, h.Counts[i], end, int64(maxCount))
		}
	}
	return nil
}

// checkPaths reports whether every whole history leads to another one in the file
// and, in the end, to END, so that AppendSample stops.
func (f *file) checkPaths() error {
	end := int32(len(f.Labels))
	t := newTrie()
	nodes := make([]int32, len(f.Histories))
	for i, h := range f.Histories {
		nodes[i] = t.insert(h.Labels, f.Order)
	}
	ends := make([]bool, t.size())
	for changed := true; changed; {
		changed = false
		for i := len(nodes) - 1; i >= 0; i-- { // ends stand late: few rounds this way
			h := f.Histories[i]
			for _, s := range h.Next {
				if !ends[nodes[i]] && (s == end || ends[t.find(append(slices.Clip(h.Labels), s), f.Order)]) {
					ends[nodes[i]], changed = true, true
				}
			}
		}
	}
	start := t.find([]int32{end}, f.Order)
	if len(f.Histories) == 0 || !ends[start] {
		return fmt.Errorf("no way from START to END")
	}
	for i, node := range nodes {
		if !ends[node] {
			return fmt.Errorf("history %d: no way to END", i)
		}
	}
	return nil
}
