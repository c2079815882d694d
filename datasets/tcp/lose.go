package tcp

import (
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
)

// network loses segments behind the point of capture, so that they are seen twice. What is
// due is counted over all flows: one in which nothing of a kind can be lost leaves its part
// to the next.
type network struct {
	random     *rand.Rand
	due        [lossKinds]float64 // expected losses until the next one
	duplicates int                // acknowledgements of the next one that is fast; 0: not drawn
	tries      int                // places looked at for it
}

// newNetwork returns a network whose first losses are drawn.
func newNetwork(random *rand.Rand) *network {
	n := &network{random: random}
	for kind := range n.due {
		n.due[kind] = random.ExpFloat64()
	}
	return n
}

// lossKind is how a sender comes to send data a second time.
type lossKind uint8

const (
	timedOut lossKind = iota
	fast
	needless
	lossKinds
)

// loss is a segment that is sent again.
type loss struct {
	kind    lossKind
	segment int
	start   uint32 // of its sequence numbers
	answers []int  // timedOut and needless: the segment that acknowledges it; fast: those that become duplicates, and that one
}

// lose makes segments of a connection lost, by the proportions of its service.
func (n *network) lose(c *connection, l address.Losses) {
	if !c.opened || !c.answered {
		return
	}
	var losses []loss
	if l.TimedOut+l.Fast+l.Needless > 0 {
		losses = n.choose(c, l)
	}
	syn := l.SYNs > 0 && n.random.Float64() < l.SYNs
	if len(losses) == 0 && !syn {
		return
	}
	w := rewriting{connection: c, roundTrip: c.roundTrip(), before: c.segments,
		selective: c.layouts[0].sack && c.layouts[1].sack}
	w.after = make([]segment, 0, len(c.segments)+2*len(losses)+1)
	if syn {
		w.openAgain()
	}
	for _, at := range losses {
		w.lose(at, int64(l.WaitAt(n.random.Float64())))
	}
	w.keepUntil(len(w.before))
	w.settle()
}

// choose returns what is lost of a connection, in order; no two losses overlap.
func (n *network) choose(c *connection, l address.Losses) (losses []loss) {
	var sent, acked [2]uint32
	free := 0 // index from which on nothing is lost yet
	for i := range c.segments {
		g := &c.segments[i]
		start := sent[g.dir]
		sent[g.dir] += uint32(g.consumes())
		if g.flags&flow.ACK != 0 {
			acked[g.dir] = g.ack
		}
		if g.payload == 0 || g.flags&(flow.SYN|flow.FIN) != 0 {
			continue
		}
		for kind, proportion := range [lossKinds]float64{timedOut: l.TimedOut, fast: l.Fast, needless: l.Needless} {
			n.due[kind] -= proportion
			if n.due[kind] > 0 || i < free {
				continue
			}
			at := loss{kind: lossKind(kind), segment: i, start: start}
			if lossKind(kind) == fast {
				at.answers = c.acknowledgements(i, sent[g.dir], n.drawDuplicates(l.Duplicates, int32(acked[1-g.dir]-start) < 0))
			} else {
				at.answers = c.acknowledged(i, sent[g.dir])
			}
			if at.answers != nil {
				n.due[kind] += n.random.ExpFloat64()
				if lossKind(kind) == fast {
					n.duplicates = 0
				}
				losses = append(losses, at)
				free = at.answers[len(at.answers)-1] + 1
			}
		}
	}
	return losses
}

// mostDuplicates is how many duplicate acknowledgements a lost segment has at most: more
// would find few places.
const mostDuplicates = 12

// mostTries is at how many places it is tried to lose a segment with as many duplicate
// acknowledgements as were drawn, before others are drawn.
const mostTries = 50

// drawDuplicates returns of how many ACKs of a receiver the next loss that is fast makes
// use: of its duplicate acknowledgements, which are on average so many, and of one that goes before
// them where the receiver has not yet acknowledged all that came before the lost segment.
func (n *network) drawDuplicates(mean float64, behind bool) int {
	if n.tries++; n.duplicates == 0 || n.tries > mostTries {
		n.tries = 0
		n.duplicates = min(mostDuplicates, 1+int(n.random.ExpFloat64()*max(0, mean-1)+0.5))
	}
	if behind {
		return n.duplicates + 1
	}
	return n.duplicates
}
