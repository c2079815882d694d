package baseline

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// Markov is the baseline without a network: an order-k chain over exact packet
// tokens (direction, flags, header and payload length, and without ports the protocol and the
// kind of message), each with a gap drawn from the training gaps before that token.
type Markov struct {
	application flow.Application
	tokens      []flow.Packet // by label
	gaps        [][]int64     // nanoseconds, ascending, by label
	chain       *markov.Chain
	arrivals    []int64
	pace        *timeline.Pace // nil: flows are flows, not segments of one timeline
	uplinks     *radio.Copies
}

// FitMarkov counts the tokens of the training flows, which must be in start order
// and know the start of the flow before them.
func FitMarkov(order int, flows []*flow.Flow, segments bool) (*Markov, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("generator: no flow to count")
	}
	uplinks, err := radio.FitCopies(flows, segments)
	if err != nil {
		return nil, err
	}
	m := &Markov{application: flows[0].Application, arrivals: timeline.Arrivals(flows), uplinks: uplinks}
	if segments {
		if m.pace, err = timeline.Fit(flows); err != nil {
			return nil, err
		}
	}
	if m.chain, err = markov.Fit(order, m.count(flows)); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return m, nil
}

// count learns the tokens and returns those of each flow, by label.
func (m *Markov) count(flows []*flow.Flow) [][]int {
	labels := make(map[token]int)
	var sequences [][]int
	for _, f := range flows {
		sequence := make([]int, len(f.Packets))
		for i := range f.Packets {
			p := &f.Packets[i]
			key := token{direction: p.Direction, flags: p.Flags, header: p.HeaderLength, payload: p.PayloadLength, protocol: f.Tuple.Proto, radio: m.uplinks.Key(p)}
			if p.Message != nil {
				key.spoken, key.kind = true, p.Message.Kind
			}
			label, known := labels[key]
			if !known {
				label = len(m.tokens)
				labels[key] = label
				m.tokens = append(m.tokens, key.packet(p.Length, p.Application))
				m.gaps = append(m.gaps, nil)
			}
			m.uplinks.Add(label, p)
			if gap := int64(timeline.GapBefore(f, i)); i > 0 && timeline.Believed(gap) {
				m.gaps[label] = append(m.gaps[label], gap)
			}
			sequence[i] = label
		}
		sequences = append(sequences, sequence)
	}
	for _, gaps := range m.gaps {
		slices.Sort(gaps)
	}
	return sequences
}

// token is what Markov counts of a packet.
type token struct {
	direction       flow.Direction
	flags           flow.TCPFlags
	header, payload int32
	protocol        uint8
	radio           int64
	spoken          bool // it is a message
	kind            flow.MessageKind
}

// packet returns one of that token, without time and addresses.
func (k token) packet(length int32, application flow.Application) flow.Packet {
	p := flow.Packet{Direction: k.direction, Flags: k.flags, HeaderLength: k.header, PayloadLength: k.payload,
		Length: length, Captured: length, Application: application, Tuple: flow.FiveTuple{Proto: k.protocol}}
	if k.spoken {
		p.Message = &flow.Message{Kind: k.kind}
	}
	return p
}

// longestMarkov ends a walk whose chain loops.
const longestMarkov = 1 << 16

// Flows yields flows drawn from the chain.
func (m *Markov) Flows(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	if m.pace != nil {
		return m.pace.Flows(ctx, r, m.draw, m.uplinks.Devices(r.Seed))
	}
	return m.draw(ctx, r)
}

// Starts yields the starts of the flows that Flows draws.
func (m *Markov) Starts(ctx context.Context, r generator.Request) iter.Seq2[int64, error] {
	return generator.StartsUnless(m.pace != nil, starts(ctx, r, m.arrivals, markovStream))
}

// Resumes says where those starts have come to at some times.
func (m *Markov) Resumes(ctx context.Context, r generator.Request, at []int64) ([]*generator.Resume, error) {
	return resumes(ctx, r, at, m.arrivals, markovStream)
}

// markovStream is the stream of random numbers of the starts.
const markovStream = 0x6d61726b

// draw yields flows; of a timeline without flows, segments by a clock of their own.
func (m *Markov) draw(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	return started(ctx, r, m.arrivals, markovStream, func(random *rand.Rand, src rand.Source, id, at, packets int64) *flow.Flow {
		sequence := make([]int, 0, 64)
		if packets > 0 {
			sequence = m.chain.AppendSampleLength(sequence, src, int(packets))
		} else {
			sequence = m.chain.AppendSample(sequence, src, longestMarkov)
		}
		f := &flow.Flow{ID: id, Application: m.application, Packets: make([]flow.Packet, len(sequence))}
		var past radio.Past
		for i, label := range sequence {
			if gaps := m.gaps[label]; i > 0 && len(gaps) > 0 {
				at += gaps[random.IntN(len(gaps))]
			}
			p := &f.Packets[i]
			*p = m.tokens[label]
			p.Time, p.FlowID = at, id
			m.uplinks.Draw(p, label, &past, id, random)
		}
		f.Tuple.Proto = f.Packets[len(f.Packets)-1].Tuple.Proto
		return f
	})
}
