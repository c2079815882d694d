package table

import (
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// coder makes a dictionary column of values as they come. The rows of a capture come from
// few hosts, so a small table in front of the map answers nearly all of them
// (3 ns in place of 25).
type coder[K comparable] struct {
	index  [batchRows]uint32
	list   []string
	lookup map[K]uint32
	recent [256]struct {
		key   K
		index uint32 // position in list + 1, 0: empty
	}
}

func (c *coder[K]) add(i uint, key K, hash uint8, text func(K) string) {
	slot := &c.recent[hash]
	if slot.index == 0 || slot.key != key {
		slot.key, slot.index = key, c.find(key, text)
	}
	c.index[i%batchRows] = slot.index - 1
}

func (c *coder[K]) find(key K, text func(K) string) uint32 {
	index, ok := c.lookup[key]
	if !ok {
		if c.lookup == nil {
			c.lookup = make(map[K]uint32)
		}
		c.list = append(c.list, text(key))
		index = uint32(len(c.list))
		c.lookup[key] = index
	}
	return index
}

func (c *coder[K]) dictionary(n int) dictionaryColumn { return dictionaryColumn{c.index[:n], c.list} }

// reset empties the column and its list, keeping the memory.
func (c *coder[K]) reset() {
	c.list = c.list[:0]
	clear(c.lookup)
	clear(c.recent[:])
}

func hashMAC(m *flow.MAC) uint8 { return m[5] ^ m[4]*31 ^ m[3]*7 }

func hashAddr(a netip.Addr) uint8 {
	b := a.As16()
	return b[15] ^ b[14]*31 ^ b[13]*7 ^ b[11]*3 ^ b[9]*5 ^ b[7]
}

func hashOptions(o flow.TCPOptions) uint8 { return uint8(o * 0x9e3779b97f4a7c15 >> 56) }

// hashEncapsulation tells the tunnels of a capture apart by the ends of their texts, where
// networks and endpoints have their numbers.
func hashEncapsulation(e *flow.Encapsulation) uint8 {
	sum := uint8(0)
	for _, c := range []byte(e.String()) {
		sum = sum*31 + c
	}
	return sum
}

// said is the message of a packet that has one.
type said struct {
	flow.Message
	ok bool
}

func saidBy(p *flow.Packet) said {
	if p.Message == nil {
		return said{}
	}
	return said{*p.Message, true}
}

// String is the text in tables, "" without a message.
func (s said) String() string {
	if !s.ok {
		return ""
	}
	return s.Message.String()
}
