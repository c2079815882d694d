package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// Bootstrap is the baseline that copies: it draws training flows with
// replacement and starts them at drawn inter-flow times. It is as close as a
// generator can be that invents nothing.
type Bootstrap struct {
	flows    []*flow.Flow
	arrivals []int64 // nanoseconds between starts
	noFlow   *noFlow // nil: flows are flows, not segments of one timeline
}

// FitBootstrap keeps the training flows, which must be in start order.
func FitBootstrap(flows []*flow.Flow) (*Bootstrap, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("generator: no flow to draw from")
	}
	return &Bootstrap{flows: flows, arrivals: arrivals(flows)}, nil
}

func arrivals(flows []*flow.Flow) []int64 { return arrivalsSince(flows, nil) }

// arrivalsSince are nanoseconds between starts: since the flow before in the
// whole capture where before tells it (Config.Before), so that a training part of
// the flows has the rate of the whole.
func arrivalsSince(flows []*flow.Flow, before []int64) []int64 {
	between := []int64{}
	for i := 1; i < len(flows); i++ {
		last := flows[i-1].Start()
		if before != nil {
			last = before[i]
		}
		between = append(between, max(0, flows[i].Start()-last))
	}
	if len(between) == 0 {
		between = append(between, int64(time.Second))
	}
	return between
}

// Flows yields copies of training flows at new times, radio fields included.
func (b *Bootstrap) Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	if b.noFlow != nil {
		return b.noFlow.flows(ctx, r, b.draw, nil)
	}
	return b.draw(ctx, r)
}

func (b *Bootstrap) draw(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	return started(ctx, r, b.arrivals, 0x626f6f74, func(random *rand.Rand, _ rand.Source, id, at int64) *flow.Flow {
		from := b.flows[random.IntN(len(b.flows))]
		f := &flow.Flow{ID: id, Application: from.Application, Tuple: flow.FiveTuple{Proto: from.Tuple.Proto}, Packets: slices.Clone(from.Packets)}
		shift := at - from.Start()
		for i := range f.Packets {
			p := &f.Packets[i]
			p.Time, p.FlowID, p.Payload = p.Time+shift, id, nil
			if p.Radio != nil {
				copied := *p.Radio
				p.Radio = &copied
			}
		}
		return f
	})
}

// drawOne draws flow id, which starts at a time. src is what random draws from.
type drawOne func(random *rand.Rand, src rand.Source, id, at int64) *flow.Flow

// started yields the flows of a request, one after the other, each begun at the
// start of the one before it plus an arrival divided by the rate factor.
func started(ctx context.Context, r Request, arrivals []int64, stream uint64, draw drawOne) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		src := rand.NewPCG(r.Seed, stream)
		random := rand.New(src)
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		var between float64 // nanoseconds since the start, without the rounding of each
		for id := int64(0); ; id++ {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if id > 0 {
				between += float64(arrivals[random.IntN(len(arrivals))]) / r.factor()
			}
			at := r.Start + int64(math.Round(between))
			if !r.within(id, at) || !yield(draw(random, src, id, at), nil) {
				return
			}
		}
	}
}

// Markov is the baseline without a network: an order-k chain over exact packet
// tokens (direction, flags, header and payload length), each with a gap drawn
// from the training gaps before that token.
type Markov struct {
	application flow.Application
	tokens      []flow.Packet // by label
	gaps        [][]int64     // nanoseconds, ascending, by label
	chain       *markov.Chain
	arrivals    []int64
	noFlow      *noFlow // nil: flows are flows, not segments of one timeline
	uplinks     *markovUplinks
}

// FitMarkov counts the tokens of the training flows, which must be in start order.
func FitMarkov(order int, flows []*flow.Flow) (*Markov, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("generator: no flow to count")
	}
	uplinks, err := fitMarkovUplinks(flows)
	if err != nil {
		return nil, err
	}
	m := &Markov{application: flows[0].Application, arrivals: arrivals(flows), uplinks: uplinks}
	labels := make(map[token]int)
	var sequences [][]int
	for _, f := range flows {
		sequence := make([]int, len(f.Packets))
		for i := range f.Packets {
			p := &f.Packets[i]
			key := token{p.Direction, p.Flags, p.HeaderLength, p.PayloadLength, f.Tuple.Proto, uplinks.key(p)}
			label, known := labels[key]
			if !known {
				label = len(m.tokens)
				labels[key] = label
				m.tokens = append(m.tokens, key.packet(p.Length, p.Application))
				m.gaps = append(m.gaps, nil)
			}
			uplinks.add(label, p)
			if i > 0 {
				m.gaps[label] = append(m.gaps[label], max(0, p.Time-f.Packets[i-1].Time))
			}
			sequence[i] = label
		}
		sequences = append(sequences, sequence)
	}
	for _, gaps := range m.gaps {
		slices.Sort(gaps)
	}
	if m.chain, err = markov.Fit(order, sequences); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return m, nil
}

// token is what Markov counts of a packet.
type token struct {
	direction       flow.Direction
	flags           flow.TCPFlags
	header, payload int32
	protocol        uint8
	radio           int64
}

// packet is one of that token, without time and addresses.
func (k token) packet(length int32, application flow.Application) flow.Packet {
	return flow.Packet{Direction: k.direction, Flags: k.flags, HeaderLength: k.header, PayloadLength: k.payload,
		Length: length, Captured: length, Application: application, Tuple: flow.FiveTuple{Proto: k.protocol}}
}

// longestMarkov ends a walk whose chain loops.
const longestMarkov = 1 << 16

// Flows yields flows drawn from the chain.
func (m *Markov) Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	if m.noFlow != nil {
		return m.noFlow.flows(ctx, r, m.draw, m.uplinks.model())
	}
	return m.draw(ctx, r)
}

func (m *Markov) draw(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	return started(ctx, r, m.arrivals, 0x6d61726b, func(random *rand.Rand, src rand.Source, id, at int64) *flow.Flow {
		sequence := m.chain.AppendSample(make([]int, 0, 64), src, longestMarkov)
		f := &flow.Flow{ID: id, Application: m.application, Packets: make([]flow.Packet, len(sequence))}
		var past radioPast
		for i, label := range sequence {
			if gaps := m.gaps[label]; i > 0 && len(gaps) > 0 {
				at += gaps[random.IntN(len(gaps))]
			}
			p := &f.Packets[i]
			*p = m.tokens[label]
			p.Time, p.FlowID = at, id
			m.uplinks.draw(p, label, &past, id, random)
		}
		f.Tuple.Proto = f.Packets[len(f.Packets)-1].Tuple.Proto
		return f
	})
}
