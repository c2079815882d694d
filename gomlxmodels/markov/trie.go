package markov

// trie holds histories, newest symbol next to the root: the parent of a node is
// the same history without its oldest symbol. Node 0 is the empty history, and a
// parent's number is less than its children's.
type trie struct {
	parent []int32
	symbol []int32 // the oldest symbol of the node's history
	child  map[uint64]int32
}

func newTrie() trie {
	return trie{parent: []int32{-1}, symbol: []int32{-1}, child: make(map[uint64]int32)}
}

func key(node, symbol int32) uint64 { return uint64(uint32(node))<<32 | uint64(uint32(symbol)) }

func (t *trie) size() int { return len(t.parent) }

// insert is the node of the last order symbols of path, made if need be.
func (t *trie) insert(path []int32, order int) int32 {
	node := int32(0)
	for i := len(path) - 1; i >= max(0, len(path)-order); i-- {
		k := key(node, path[i])
		next, ok := t.child[k]
		if !ok {
			next = int32(len(t.parent))
			t.parent = append(t.parent, node)
			t.symbol = append(t.symbol, path[i])
			t.child[k] = next
		}
		node = next
	}
	return node
}

// find is the node of the longest known history that path, cut to its last order
// symbols, ends with.
func (t *trie) find(path []int32, order int) int32 {
	node := int32(0)
	for i := len(path) - 1; i >= max(0, len(path)-order); i-- {
		next, ok := t.child[key(node, path[i])]
		if !ok {
			break
		}
		node = next
	}
	return node
}

// history appends the node's symbols to dst, oldest first.
func (t *trie) history(dst []int32, node int32) []int32 {
	for ; node > 0; node = t.parent[node] {
		dst = append(dst, t.symbol[node])
	}
	return dst
}
