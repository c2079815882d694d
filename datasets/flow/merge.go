package flow

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"
)

// Packets merges the packets of all flows in time order; of equal times, the
// flow that stands first in flows comes first. Each flow's packets must be in
// time order. The stream can be read again.
func Packets(flows []*Flow) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		order := make([]cursor, 0, len(flows))
		for i, f := range flows {
			if len(f.Packets) > 0 {
				order = append(order, cursor{packets: f.Packets, rank: i})
			}
		}
		slices.SortFunc(order, cursor.compare)
		var open cursors // the flows that have started: few of all
		for len(order) > 0 || len(open) > 0 {
			for len(order) > 0 && (len(open) == 0 || order[0].compare(open[0]) < 0) {
				heap.Push(&open, order[0])
				order = order[1:]
			}
			if !yield(open[0].packets[0], nil) {
				return
			}
			if open[0].packets = open[0].packets[1:]; len(open[0].packets) == 0 {
				heap.Pop(&open)
			} else {
				heap.Fix(&open, 0)
			}
		}
	}
}

// cursor is what is left of a flow.
type cursor struct {
	packets []Packet
	rank    int
}

func (c cursor) compare(o cursor) int {
	return cmp.Or(cmp.Compare(c.packets[0].Time, o.packets[0].Time), cmp.Compare(c.rank, o.rank))
}

// cursors is a heap with the next packet on top.
type cursors []cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return c[i].compare(c[j]) < 0 }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)        { *c = append(*c, x.(cursor)) }
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
