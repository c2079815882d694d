package wire

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Example is what one side of a training flow said until the other answered, or
// one datagram. It is training data, in the clear.
type Example struct {
	Application flow.Application `json:"application"`
	Proto       uint8            `json:"proto"`
	Direction   flow.Direction   `json:"direction"`
	First       bool             `json:"first,omitempty"` // the side's first words in its flow
	Length      int              `json:"length"`          // bytes said
	Bytes       []byte           `json:"bytes"`           // the first of them: as many as were captured, at most 16 KiB
}

// Bounds of the examples of one application, protocol, direction and place.
const (
	exampleMost   = 1 << 14 // bytes of one
	exampleBytes  = 1 << 20 // of all
	exampleLength = 4       // examples of one length
	exampleOpen   = 1 << 16 // flows that are followed at one time
)

// Examples keeps examples of what the packets of a stream say, for
// Plan.Examples: packets with Payload, FlowID and Direction, as
// [flow.Assembler.Label] gives them. Of each kind it keeps up to four of a length
// and 1 MiB in all, the first that come. Damaged records are left out; an error
// that ends the stream is returned beside the examples before it.
func Examples(packets iter.Seq2[flow.Packet, error]) ([]Example, error) {
	e := newExamining()
	var last error
	for p, err := range packets {
		if last = err; err == nil {
			e.add(&p)
		}
	}
	e.flush()
	if last != nil {
		last = fmt.Errorf("wire: examples: %w", last)
	}
	return e.kept, last
}

// examining follows the turns of many flows.
type examining struct {
	kept   []Example
	open   map[int64]*exampleTurn
	order  []int64 // of open, the oldest first
	counts map[exampleKind]*exampleCount
}

// exampleTurn is what a side of a flow is saying.
type exampleTurn struct {
	Example
	spoken [2]bool // which sides have said something
	whole  bool    // no byte is missing so far
}

type exampleKind struct {
	application flow.Application
	proto       uint8
	direction   flow.Direction
	first       bool
}

type exampleCount struct {
	bytes   int
	lengths map[int]int
}

func newExamining() *examining {
	return &examining{open: make(map[int64]*exampleTurn), counts: make(map[exampleKind]*exampleCount)}
}

// add takes a packet.
func (e *examining) add(p *flow.Packet) {
	if p.PayloadLength <= 0 || len(p.Payload) == 0 || p.Tuple.Proto != flow.TCP && p.Tuple.Proto != flow.UDP {
		return
	}
	t := e.open[p.FlowID]
	if t == nil {
		if len(e.open) == exampleOpen {
			e.flush()
		}
		t = new(exampleTurn)
		e.open[p.FlowID] = t
		e.order = append(e.order, p.FlowID)
	}
	if t.Length > 0 && (t.Direction != p.Direction || t.Proto == flow.UDP) {
		e.keep(t)
	}
	if t.Length == 0 {
		t.Example = Example{Application: p.Application, Proto: p.Tuple.Proto, Direction: p.Direction & 1, First: !t.spoken[p.Direction&1], Bytes: t.Bytes[:0]}
		t.spoken[t.Direction], t.whole = true, true
	}
	t.Length += int(p.PayloadLength)
	if t.whole {
		t.Bytes = append(t.Bytes, p.Payload[:min(len(p.Payload), exampleMost-len(t.Bytes))]...)
		t.whole = len(p.Payload) == int(p.PayloadLength) && len(t.Bytes) < exampleMost
	}
}

// keep keeps a finished turn, if there is room for it, and ends it.
func (e *examining) keep(t *exampleTurn) {
	kind := exampleKind{t.Application, t.Proto, t.Direction, t.First}
	count := e.counts[kind]
	if count == nil {
		count = &exampleCount{lengths: make(map[int]int)}
		e.counts[kind] = count
	}
	if count.lengths[t.Length] < exampleLength && count.bytes+len(t.Bytes) <= exampleBytes {
		count.lengths[t.Length]++
		count.bytes += len(t.Bytes)
		kept := t.Example
		kept.Bytes = bytes.Clone(t.Bytes)
		e.kept = append(e.kept, kept)
	}
	t.Length = 0
}

// flush keeps what all flows are saying and forgets them.
func (e *examining) flush() {
	for _, id := range e.order {
		if t := e.open[id]; t.Length > 0 {
			e.keep(t)
		}
	}
	clear(e.open)
	e.order = e.order[:0]
}

// examplesOf are the examples of flows whose packets have kept their payloads.
func examplesOf(flows []*flow.Flow) []Example {
	e := newExamining()
	for i, f := range flows {
		for _, p := range f.Packets {
			p.FlowID, p.Tuple.Proto = int64(i), protoOf(f)
			if f.Application != flow.Unknown {
				p.Application = f.Application
			}
			e.add(&p)
		}
	}
	e.flush()
	return e.kept
}

// quotes is a plan's examples by kind, each kind ordered by length.
type quotes map[exampleKind][]*Example

func newQuotes(examples []Example) quotes {
	q := make(quotes)
	for i := range examples {
		e := &examples[i]
		if len(e.Bytes) == 0 {
			continue
		}
		kind := exampleKind{e.Application, e.Proto, e.Direction, e.First}
		q[kind] = append(q[kind], e)
	}
	for _, list := range q {
		slices.SortStableFunc(list, func(a, b *Example) int { return cmp.Compare(a.Length, b.Length) })
	}
	return q
}

// pick is one of the examples of a length, else the next longer, else the longest;
// where the side's first words are not known those of later, and the other way
// round. Nil: the plan has none of the application in this direction.
func (q quotes) pick(kind exampleKind, length int, random *rand.PCG) []byte {
	list := q[kind]
	if len(list) == 0 {
		kind.first = !kind.first
		if list = q[kind]; len(list) == 0 {
			return nil
		}
	}
	from := sort.Search(len(list), func(i int) bool { return list[i].Length >= length })
	if from == len(list) {
		from--
	}
	from = sort.Search(len(list), func(i int) bool { return list[i].Length >= list[from].Length })
	to := from + 1
	for to < len(list) && list[to].Length == list[from].Length {
		to++
	}
	return list[from+int(random.Uint64()%uint64(to-from))].Bytes
}

// quote copies an example as the turn; where there is none, it is neutral text.
func (s *speaker) quote(c *conversation, t turnOf) {
	first := !s.spoken[t.dir]
	s.spoken[t.dir] = true
	s.example = s.quotes.pick(exampleKind{c.app, c.proto, t.dir, first}, t.total, &s.random)
	if s.example == nil {
		c.counts.add(payloadMade)
	}
}
