package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
)

// paperBatch is how many flows are decoded and predicted at once.
const paperBatch = 256

// Flows draws flows in start order; without flows, segments of one timeline. The
// same request on the same backend gives the same flows.
func (g *Paper) Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	if g.NoFlow != nil {
		return g.NoFlow.flows(ctx, r, g.flows, g.Radio)
	}
	return g.flows(ctx, r)
}

func (g *Paper) flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		if err := r.Validate(); err != nil {
			yield(nil, err)
			return
		}
		src := rand.NewPCG(r.Seed, 0x70617065)
		d := paperDraw{g: g, src: src, random: rand.New(src), next: g.labels(r, src), at: r.Start}
		if g.Radio != nil {
			d.columns = g.Embedding.named()
		}
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

// labels draws the labels of one flow after the other, behind those of dst, and
// the flow's start. Of a timeline it draws a segment; those have no start.
func (g *Paper) labels(r Request, src rand.Source) func(dst []int) (labels []int, start int64, ok bool) {
	if g.NoFlow != nil {
		return g.timelineLabels(r, src)
	}
	plans := g.Aggregate.plans(r)
	return func(dst []int) ([]int, int64, bool) {
		p, ok := plans()
		if !ok {
			return dst, 0, false
		}
		t := g.Aggregate.targets(p.latent)
		n := min(max(1, int(math.Round(math.Pow(10, t[0])))), g.Targets.LongestFlowPackets) // D19, D30
		return g.Chain.AppendSampleLength(dst, src, n), p.start, true
	}
}

// chainBlock is how many labels of a timeline are drawn at a time. The chain was
// counted on one sequence; where a draw comes to its end, or the block is full, the
// next begins as the sequence did.
const chainBlock = 1 << 16

func (g *Paper) timelineLabels(r Request, src rand.Source) func(dst []int) (labels []int, start int64, ok bool) {
	left := r.Flows
	var drawn []int
	return func(dst []int) ([]int, int64, bool) {
		if left == 0 {
			return dst, 0, false
		}
		left--
		for len(drawn) < g.NoFlow.Size {
			drawn = g.Chain.AppendSample(drawn, src, chainBlock)
		}
		dst = append(dst, drawn[:g.NoFlow.Size]...)
		drawn = drawn[g.NoFlow.Size:]
		return dst, 0, true
	}
}

// paperDraw draws the flows of one request.
type paperDraw struct {
	g       *Paper
	src     rand.Source
	random  *rand.Rand
	next    func(dst []int) (labels []int, start int64, ok bool)
	id      int64
	columns columnsByName // of an uplink's decoded features

	at      int64      // of a timeline: where its last packet is
	context *mat.Dense // of a timeline: the network's inputs before the next packet
}

// batch draws up to paperBatch flows, none when there are no more.
func (d *paperDraw) batch() ([]*flow.Flow, error) {
	var labels, lengths []int
	var starts []int64
	for len(starts) < paperBatch {
		before := len(labels)
		var start int64
		var ok bool
		if labels, start, ok = d.next(labels); !ok {
			break
		}
		starts, lengths = append(starts, start), append(lengths, len(labels)-before)
	}
	if len(starts) == 0 {
		return nil, nil
	}
	codes, _, err := d.g.Embedding.decode(labels, d.src)
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
		flows = append(flows, d.flow(starts[i], y.Slice(row, row+n, 0, y.RawMatrix().Cols).(*mat.Dense), codes.Slice(row, row+n, 0, codes.RawMatrix().Cols).(*mat.Dense)))
		row += n
	}
	return flows, nil
}

// predict runs the network over the windows of all flows. A timeline's windows go
// on over its segments and batches.
func (d *paperDraw) predict(x *mat.Dense, lengths []int) (*mat.Dense, error) {
	if d.g.NoFlow == nil {
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

// flow is the flow of the network's outputs y and the decoded features, row by row.
func (d *paperDraw) flow(start int64, y, codes *mat.Dense) *flow.Flow {
	g := d.g
	f := &flow.Flow{ID: d.id, Application: g.Application, Tuple: flow.FiveTuple{Proto: g.Protocol}}
	d.id++
	n, _ := y.Dims()
	f.Packets = make([]flow.Packet, n)
	var past radioPast
	for i := range n {
		p, gap := g.Targets.packet(y.RawRowView(i), g.Radio != nil)
		switch {
		case g.NoFlow != nil:
			if f.ID > 0 || i > 0 {
				d.at += int64(gap)
			}
			p.Time = d.at
		case i == 0:
			p.Time = start
		default:
			p.Time = f.Packets[i-1].Time + int64(gap)
		}
		p.FlowID, p.Application, p.Tuple = f.ID, f.Application, f.Tuple
		if g.Radio != nil {
			d.uplink(&p, codes.RawRowView(i), &past)
		}
		f.Packets[i] = p
	}
	return f
}

// uplink completes the uplink that the network has drawn: what its outputs have
// not, port and message type, is of the decoded features; the device is the
// flow's, or of a timeline is given later.
func (d *paperDraw) uplink(p *flow.Packet, codes []float64, past *radioPast) {
	m, r := d.g.Radio, p.Radio
	decoded := d.columns.radio(d.g.Embedding.Encoder.DecodeRow(nil, codes))
	r.Port, r.MType, r.RSSI, r.SNR = decoded.Port, decoded.MType, m.RSSI.near(float64(r.RSSI)), m.SNR.near(float64(r.SNR))
	s := settings{mtype: r.MType}
	if past.packets == 0 {
		past.gateway, past.address, past.joins = m.gateway(d.random), address(d.id-1), s.joins()
	}
	if s.joins() != past.joins && m.Devices == nil { // one device's frames have all an address, or none
		s = m.alike(past.joins)
		r.Port, r.MType = s.port, s.mtype
	}
	r.Gateway, r.Address = past.gateway, past.address
	switch {
	case m.Devices != nil:
	case past.joins:
		r.Address, r.Counter = 0, 0
	case past.packets == 0:
		r.Counter = m.Counter.first(d.random)
	default:
		r.Counter = m.Counter.next(past.counter, drawClass(d.random, m.Counter.Shares), d.random)
	}
	past.add(r)
	p.PayloadLength = max(0, p.Length-p.HeaderLength-macCode)
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}

// macCode is the length of a LoRaWAN frame's integrity code in bytes.
const macCode = 4
