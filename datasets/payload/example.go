package payload

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

// Gather keeps examples of what the packets of a stream say: packets with Payload,
// FlowID and Direction, as [flow.Assembler.Label] gives them. Of each kind it keeps up to four of a length
// and 1 MiB in all, the first that come. Damaged records are left out; an error
// that ends the stream is returned beside the examples before it.
func Gather(packets iter.Seq2[flow.Packet, error]) ([]Example, error) {
	e := newGathering()
	var last error
	for p, err := range packets {
		if last = err; err == nil {
			e.add(&p)
		}
	}
	e.flush()
	if last != nil {
		last = fmt.Errorf("payload: examples: %w", last)
	}
	return e.kept, last
}

// gathering follows the turns of many flows.
type gathering struct {
	kept   []Example
	open   map[int64]*openTurn
	order  []int64 // of open, the oldest first
	counts map[exampleKind]*exampleCount
}

// openTurn is what a side of a flow is saying.
type openTurn struct {
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

func newGathering() *gathering {
	return &gathering{open: make(map[int64]*openTurn), counts: make(map[exampleKind]*exampleCount)}
}

// add takes a packet.
func (e *gathering) add(p *flow.Packet) {
	if p.PayloadLength <= 0 || len(p.Payload) == 0 || p.Tuple.Proto != flow.TCP && p.Tuple.Proto != flow.UDP {
		return
	}
	t := e.open[p.FlowID]
	if t == nil {
		if len(e.open) == exampleOpen {
			e.flush()
		}
		t = new(openTurn)
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
func (e *gathering) keep(t *openTurn) {
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
func (e *gathering) flush() {
	for _, id := range e.order {
		if t := e.open[id]; t.Length > 0 {
			e.keep(t)
		}
	}
	clear(e.open)
	e.order = e.order[:0]
}

// exampleIndex is examples by kind, each kind ordered by length.
type exampleIndex map[exampleKind][]*Example

func indexExamples(examples []Example) exampleIndex {
	index := make(exampleIndex)
	for i := range examples {
		e := &examples[i]
		if len(e.Bytes) == 0 {
			continue
		}
		kind := exampleKind{e.Application, e.Proto, e.Direction, e.First}
		index[kind] = append(index[kind], e)
	}
	for _, list := range index {
		slices.SortStableFunc(list, func(a, b *Example) int { return cmp.Compare(a.Length, b.Length) })
	}
	return index
}

// pick returns one of the examples of a length, else of the next longer, else of the
// longest. Where a side's first words are not known it takes those of later, and the
// other way round. It returns nil where there is no example of the application in
// this direction.
func (x exampleIndex) pick(kind exampleKind, length int, random *rand.PCG) []byte {
	list := x[kind]
	if len(list) == 0 {
		kind.first = !kind.first
		if list = x[kind]; len(list) == 0 {
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

// copyExample makes the turn a copy of an example; where there is none, it is
// neutral text.
func (w *Writer) copyExample(t Turn) {
	first := !w.spoken[t.Direction]
	w.spoken[t.Direction] = true
	w.example = w.pool.examples.pick(exampleKind{w.connection.Application, w.connection.Proto, t.Direction, first}, t.Length, &w.random)
	if w.example == nil {
		w.pool.missing++
	}
}
