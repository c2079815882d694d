package sampled

import "github.com/necstgen/necstgen/datasets/flow"

// owed is how many segments of the peer each side of a TCP connection has still to
// acknowledge. The network is told, and the grammar knows whether there are any. Without
// that, 4.3 % of the empty ACKs of the quickstart's flows had nothing new to say, with it
// 2.2 %, and 0.1 % of the original's: the framer makes window updates of them.
type owed [2]int64

// add takes in a packet. One with data acknowledges all that its side has got. An empty ACK
// acknowledges one segment: how many it did is not drawn, and one is what it needs.
func (o *owed) add(p *flow.Packet) {
	side := p.Direction & 1
	switch {
	case p.Tuple.Proto != flow.TCP || p.Flags&flow.RST != 0:
	case p.PayloadLength > 0 || p.Flags&(flow.SYN|flow.FIN) != 0:
		o[side] = 0
		o[1-side]++
	default:
		o[side] = max(0, o[side]-1)
	}
}

// state returns a bit for each side that has something to acknowledge.
func (o *owed) state() int {
	state := 0
	for side, n := range o {
		if n > 0 {
			state |= 1 << side
		}
	}
	return state
}
