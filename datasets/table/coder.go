package table

import (
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// coder turns values of one column into words. The rows of a capture come from
// few hosts, so a small table in front of the map answers nearly all of them
// (5 ns in place of 25).
type coder[K comparable] struct {
	words  words
	lookup map[K]uint32
	recent [256]struct {
		key   K
		index uint32
		valid bool
	}
	hash func(K) uint8
	text func(K) string
}

func newCoder[K comparable](hash func(K) uint8, text func(K) string) *coder[K] {
	return &coder[K]{lookup: make(map[K]uint32), hash: hash, text: text}
}

func (c *coder[K]) add(key K) {
	slot := &c.recent[c.hash(key)]
	if !slot.valid || slot.key != key {
		index, ok := c.lookup[key]
		if !ok {
			index = uint32(len(c.words.list))
			c.lookup[key] = index
			c.words.list = append(c.words.list, c.text(key))
		}
		slot.key, slot.index, slot.valid = key, index, true
	}
	c.words.index = append(c.words.index, slot.index)
}

// reset empties the column and its list, keeping the memory.
func (c *coder[K]) reset() {
	c.words.index, c.words.list = c.words.index[:0], c.words.list[:0]
	clear(c.lookup)
	clear(c.recent[:])
}

func hashMAC(m flow.MAC) uint8 { return m[5] ^ m[4]*31 ^ m[3]*7 }

func hashAddr(a netip.Addr) uint8 {
	b := a.As16()
	return b[15] ^ b[14]*31 ^ b[13]*7 ^ b[11]*3 ^ b[9]*5 ^ b[7]
}

func textAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func textMAC(m flow.MAC) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 17)
	for i, octet := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[octet>>4], digits[octet&15])
	}
	return string(b)
}
