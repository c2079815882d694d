package paper

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// batchFlows is how many flows are decoded and predicted at once.
const batchFlows = 256

// Flows draws flows in start order; without flows, segments of one timeline. The
// same request on the same backend gives the same flows.
func (g *Generator) Flows(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	if g.Pace != nil {
		return g.Pace.Flows(ctx, r, g.draw, g.Radio.Devices(r.Seed))
	}
	return g.draw(ctx, r)
}

// Starts yields the starts of the flows that Flows draws.
func (g *Generator) Starts(ctx context.Context, r generator.Request) iter.Seq2[int64, error] {
	return generator.StartsUnless(g.Pace != nil, g.Aggregate.Starts(ctx, r))
}

// Resumes says where those starts have come to at some times.
func (g *Generator) Resumes(ctx context.Context, r generator.Request, at []int64) ([]*generator.Resume, error) {
	return g.Aggregate.Resumes(ctx, r, at)
}

// draw draws flows; of a timeline without flows, segments by a clock of their own.
func (g *Generator) draw(ctx context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		src := rand.NewPCG(r.PacketSeed(), 0x70617065)
		d := drawing{g: g, src: src, random: rand.New(src), next: g.labels(r, src), at: r.Start, columns: g.Columns()}
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			flows, err := d.batch()
			if err != nil {
				yield(nil, err)
				return
			}
			if len(flows) == 0 {
				return
			}
			for _, f := range flows {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// nextLabels draws the labels of one flow, behind those of dst, and the flow's number and
// start, false behind the last. Of a timeline it draws a segment; those have no start.
type nextLabels func(dst []int) (labels []int, at place, more bool, err error)

// place is a flow's number in the request and its start.
type place struct{ number, start int64 }

// labels draws the labels of one flow after the other.
func (g *Generator) labels(r generator.Request, src rand.Source) nextLabels {
	if g.Pace != nil {
		return g.timelineLabels(r, src)
	}
	next := g.Aggregate.Specs(r)
	return func(dst []int) ([]int, place, bool, error) {
		s, more, err := next()
		if !more {
			return dst, place{}, false, err
		}
		return g.Chain.AppendSampleLength(dst, src, int(g.Aggregate.Packets(s))), place{s.Number, s.Start}, true, nil // D19, D30
	}
}

// chainBlock is how many labels of a timeline are drawn at a time. The chain was
// counted on one sequence; where a draw comes to its end, or the block is full, the
// next begins as the sequence did.
const chainBlock = 1 << 16

// timelineLabels draws the labels of one segment of a timeline after the other.
func (g *Generator) timelineLabels(r generator.Request, src rand.Source) nextLabels {
	n := int64(0)
	var drawn []int
	return func(dst []int) ([]int, place, bool, error) {
		if n == int64(r.Flows) {
			return dst, place{}, false, nil
		}
		n++
		for len(drawn) < g.Pace.Size {
			drawn = g.Chain.AppendSample(drawn, src, chainBlock)
		}
		dst = append(dst, drawn[:g.Pace.Size]...)
		drawn = drawn[g.Pace.Size:]
		return dst, place{number: n - 1}, true, nil
	}
}

// drawing draws the flows of one request.
type drawing struct {
	g       *Generator
	src     rand.Source
	random  *rand.Rand
	next    nextLabels
	columns embedding.Columns // of the decoded features

	at      int64      // of a timeline: where its last packet is
	context *mat.Dense // of a timeline: the network's inputs before the next packet
}

// batch draws up to batchFlows flows, none when there are no more.
func (d *drawing) batch() ([]*flow.Flow, error) {
	var labels, lengths []int
	var places []place
	for len(places) < batchFlows {
		before := len(labels)
		var at place
		var more bool
		var err error
		if labels, at, more, err = d.next(labels); err != nil {
			return nil, err
		}
		if !more {
			break
		}
		places, lengths = append(places, at), append(lengths, len(labels)-before)
	}
	if len(places) == 0 {
		return nil, nil
	}
	codes, _, err := d.g.Decode(labels, d.src)
	if err != nil {
		return nil, err
	}
	y, err := d.predict(d.g.placed(codes, lengths), lengths)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	var flows []*flow.Flow
	row := 0
	for i, n := range lengths {
		flows = append(flows, d.flow(places[i], y.Slice(row, row+n, 0, y.RawMatrix().Cols).(*mat.Dense), codes.Slice(row, row+n, 0, codes.RawMatrix().Cols).(*mat.Dense)))
		row += n
	}
	return flows, nil
}

// predict runs the network over the windows of all flows. A timeline's windows go
// on over its segments and batches.
func (d *drawing) predict(x *mat.Dense, lengths []int) (*mat.Dense, error) {
	if d.g.Pace == nil {
		return d.g.Network.Predict(x, lengths)
	}
	rows, width := x.Dims()
	known := 0
	if d.context != nil {
		known, _ = d.context.Dims()
		all := mat.NewDense(known+rows, width, nil)
		all.Stack(d.context, x)
		x = all
	}
	y, err := d.g.Network.Predict(x, []int{known + rows})
	if err != nil {
		return nil, err
	}
	if keep := min(d.g.Network.Config.Steps-1, known+rows); keep > 0 {
		d.context = mat.DenseCopyOf(x.Slice(known+rows-keep, known+rows, 0, width))
	}
	return y.Slice(known, known+rows, 0, y.RawMatrix().Cols).(*mat.Dense), nil
}

// flow makes a flow of the network's outputs y and the codes of the features, row by
// row.
func (d *drawing) flow(at place, y, codes *mat.Dense) *flow.Flow {
	g := d.g
	f := &flow.Flow{ID: at.number, Application: g.Application, Tuple: flow.FiveTuple{Proto: g.Protocol}}
	n, _ := y.Dims()
	f.Packets = make([]flow.Packet, n)
	var past radio.Past
	var row []float64
	feature := func(name string) float64 { return d.columns.Value(row, name) }
	choices := g.choices(y)
	g.poolHeaders(y, func(i int) flow.TCPFlags { return flow.TCPFlags(g.Scales.Classes[0].Values.Values[choices[i][0]]) })
	for i := range n {
		p, gap := g.packet(y.RawRowView(i), choices[i])
		switch {
		case g.Pace != nil:
			if f.ID > 0 || i > 0 {
				d.at += int64(gap)
			}
			p.Time = d.at
		case i == 0:
			p.Time = at.start
		default:
			p.Time = f.Packets[i-1].Time + int64(gap)
		}
		p.FlowID, p.Application, p.Tuple = f.ID, f.Application, f.Tuple
		row = g.Encoder.DecodeRow(row[:0], codes.RawRowView(i))
		p.Decoded = d.columns.Decoded(row)
		g.Radio.Complete(&p, feature, &past, f.ID, d.random)
		f.Packets[i] = p
	}
	return f
}
