package markov

import "sort"

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
