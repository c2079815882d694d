package generator

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// Paper is NeCSTGen as published (algorithm.md sections 5 to 10), with its
// defects corrected: labels of per-position mixtures in connected flows, a chain
// that draws as many labels as the aggregate level says (D16 to D19), a point
// drawn and decoded for each label, and a bidirectional network over windows of
// decoded points that predicts flags, direction, lengths and gap as points.
// Columns decode with the scales that they were trained with (D27 to D31), every
// packet of a flow is emitted (D25), and all windows are predicted in batches
// (D24).
type Paper struct {
	Application flow.Application
	Protocol    uint8

	Embedding Embedding       // its Mixture is nil: Mixtures has the clusters
	Mixtures  *gmm.ByPosition // places at both ends for TCP, one body for all else
	Chain     *markov.Chain
	Aggregate aggregate
	Network   *lstm.Window
	Targets   paperTargets
}

// paperTargets scale the network's outputs.
type paperTargets struct {
	Flags              *feature.Vocabulary `json:"flags"` // nil where there are no flags
	Length, Header     [2]float64          // bytes, smallest and largest
	Gap                [2]float64          // log10 seconds
	Resolution         int64               // nanoseconds of which gaps are multiples
	LongestFlowPackets int
}

// paperFeatures are the point outputs, in the order of algorithm.md section 8.
var paperFeatures = []string{"direction", "length_total", "header_length", "time_diff"}

// paperPlaces is how many packets at each end of a connected flow have a mixture
// of their own (LIMIT in NeCSTGen).
const paperPlaces = 4

// connected tells the variant with positions and flags.
func (g *Paper) connected() bool { return g.Protocol == flow.TCP }

// FitPaper learns the flows, which must be in start order.
func FitPaper(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, o Observer) (*Paper, error) {
	if len(flows) < MinFlows {
		return nil, fmt.Errorf("generator: %d flows to learn from: want at least %d", len(flows), MinFlows)
	}
	protocol := commonProtocol(flows)
	if kept, before := only(protocol, flows, cfg.Before); len(kept) < len(flows) {
		o.warn(fmt.Errorf("generator: %d flows that are not of IP protocol %d are left out: the paper's network writes one", len(flows)-len(kept), protocol))
		flows, cfg.Before = kept, before
	}
	g := &Paper{Application: flows[0].Application, Protocol: protocol}
	places := timeline(flows)
	var x, z *mat.Dense // of the flows one after the other
	var labels []int
	lengths := make([]int, len(flows))
	for i, f := range flows {
		lengths[i] = len(f.Packets)
		g.Targets.LongestFlowPackets = max(g.Targets.LongestFlowPackets, len(f.Packets))
	}
	steps := []step{
		{"features", func() (err error) {
			x, err = g.Embedding.features(cfg, flows, places)
			return err
		}},
		{"vae", func() (err error) {
			if g.Embedding.VAE, err = fitVAE(ctx, b, cfg, g.Embedding.Encoder, x, o); err != nil {
				return err
			}
			if z, err = g.Embedding.latent(x, rand.NewPCG(cfg.Seed, 0x7a)); err == nil {
				z = flowOrder(z, places, lengths)
			}
			return err
		}},
		{"gmm", func() (err error) {
			labels, err = g.cluster(ctx, b, cfg, z, lengths, o)
			return err
		}},
		{"markov", func() error { return g.fitChain(cfg.Order, labels, lengths) }},
		{"flows", func() error { return g.Aggregate.fit(ctx, cfg, flows, o) }},
		{"lstm", func() error { return g.fitNetwork(ctx, b, cfg, flows, labels, lengths, o) }},
	}
	return g, o.stages(steps)
}

// commonProtocol is the IP protocol of most flows.
func commonProtocol(flows []*flow.Flow) uint8 {
	var counts [256]int
	best := uint8(0)
	for _, f := range flows {
		p := f.Tuple.Proto
		counts[p]++
		if counts[p] > counts[best] {
			best = p
		}
	}
	return best
}

// only keeps the flows of a protocol, and their starts before.
func only(protocol uint8, flows []*flow.Flow, before []int64) (kept []*flow.Flow, keptBefore []int64) {
	for i, f := range flows {
		if f.Tuple.Proto != protocol {
			continue
		}
		kept = append(kept, f)
		if before != nil {
			keptBefore = append(keptBefore, before[i])
		}
	}
	return kept, keptBefore
}

// flowOrder sorts the rows of the timeline so that flows stand one after the other.
func flowOrder(z *mat.Dense, places []place, lengths []int) *mat.Dense {
	offsets := make([]int, len(lengths))
	for i := 1; i < len(lengths); i++ {
		offsets[i] = offsets[i-1] + lengths[i-1]
	}
	_, d := z.Dims()
	sorted := mat.NewDense(len(places), d, nil)
	for i, at := range places {
		sorted.SetRow(offsets[at.flow]+at.packet, z.RawRowView(i))
	}
	return sorted
}

// cluster fits the mixtures and labels every packet.
func (g *Paper) cluster(ctx context.Context, b compute.Backend, cfg Config, z *mat.Dense, lengths []int, o Observer) (labels []int, err error) {
	positions := gmm.PositionConfig{End: cfg.GMM, Body: cfg.GMM}
	if g.connected() {
		positions.Places = paperPlaces
		positions.End.MaxComponents = min(positions.End.MaxComponents, gmm.DefaultPositionConfig().End.MaxComponents)
	}
	if g.Mixtures, err = gmm.FitByPosition(ctx, b, z, lengths, positions, rand.NewPCG(cfg.Seed, 0x676d6d)); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	o.warn(g.Mixtures.Warnings...)
	_, d := z.Dims()
	from := 0
	for _, n := range lengths {
		one, err := g.Mixtures.Labels(z.Slice(from, from+n, 0, d))
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		labels, from = append(labels, one...), from+n
	}
	return labels, nil
}

func (g *Paper) fitChain(order int, labels, lengths []int) (err error) {
	var sequences [][]int
	from := 0
	for _, n := range lengths {
		sequences, from = append(sequences, labels[from:from+n]), from+n
	}
	if g.Chain, err = markov.Fit(order, sequences); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return g.keepPlaces()
}

// keepPlaces ties labels to their places in connected flows.
func (g *Paper) keepPlaces() error {
	if !g.connected() {
		return nil
	}
	first, last := g.Mixtures.Places()
	if err := g.Chain.SetPositions(markov.Positions{First: first, Last: last}); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

// fitNetwork trains the window network: a fresh point drawn from each packet's
// component and decoded is the input, the packet itself the target.
func (g *Paper) fitNetwork(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, labels, lengths []int, o Observer) error {
	g.fitTargets(flows)
	x, err := g.decoded(labels, lengths, rand.NewPCG(cfg.Seed, 0x6465))
	if err != nil {
		return err
	}
	network := cfg.Window
	_, network.Inputs = x.Dims()
	network.Features = paperFeatures
	if g.Targets.Flags != nil {
		network.Heads = []lstm.Head{{Name: "flags", Classes: g.Targets.Flags.Len()}}
	}
	g.Network, err = lstm.FitWindow(ctx, b, network, x, lengths, g.targets(flows), epochs(o, "lstm", network.Fit.Epochs))
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	o.warn(g.Network.Result.Warnings...)
	return nil
}

func (g *Paper) fitTargets(flows []*flow.Flow) {
	t := &g.Targets
	t.Resolution = resolution(flows)
	empty := [2]float64{math.Inf(1), math.Inf(-1)}
	t.Length, t.Header, t.Gap = empty, empty, empty
	include := func(r *[2]float64, v float64) { r[0], r[1] = min(r[0], v), max(r[1], v) }
	var flags []int64
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			flags = append(flags, int64(p.Flags))
			include(&t.Length, float64(p.Length))
			include(&t.Header, float64(p.HeaderLength))
			if i > 0 {
				include(&t.Gap, logGap(gapBefore(f, i)))
			}
		}
	}
	if g.connected() {
		t.Flags = feature.FitVocabulary(flags)
	}
	if t.Gap == empty {
		t.Gap = [2]float64{-9, -9}
	}
}

// targets are the network's targets [packets, flags classes + features]. The gap
// of a first packet is NaN: it does not count (D20).
func (g *Paper) targets(flows []*flow.Flow) *mat.Dense {
	t := &g.Targets
	unit := func(r [2]float64, v float64) float64 {
		if r[1] <= r[0] {
			return 0
		}
		return (v - r[0]) / (r[1] - r[0])
	}
	classes := g.flagClasses()
	var flat []float64
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			row := make([]float64, classes+len(paperFeatures))
			if classes > 0 {
				code, _ := t.Flags.Code(int64(p.Flags))
				row[code] = 1
			}
			gap := math.NaN()
			if i > 0 {
				gap = unit(t.Gap, logGap(gapBefore(f, i)))
			}
			copy(row[classes:], []float64{float64(p.Direction), unit(t.Length, float64(p.Length)), unit(t.Header, float64(p.HeaderLength)), gap})
			flat = append(flat, row...)
		}
	}
	width := classes + len(paperFeatures)
	return mat.NewDense(len(flat)/width, width, flat)
}

func (g *Paper) flagClasses() int {
	if g.Targets.Flags == nil {
		return 0
	}
	return g.Targets.Flags.Len()
}

// decoded draws a point for each label and decodes it: the network's input
// [packets, features], with the place in the flow in front for connected flows.
func (g *Paper) decoded(labels, lengths []int, src rand.Source) (*mat.Dense, error) {
	z := mat.NewDense(len(labels), g.Mixtures.Body.Columns(), nil)
	for i, label := range labels {
		if _, err := g.Mixtures.Sample(z.RawRowView(i), label, src); err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
	}
	x, err := g.Embedding.VAE.Decode(z)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	if !g.connected() {
		return x, nil
	}
	rows, width := x.Dims()
	placed := mat.NewDense(rows, width+1, nil)
	row := 0
	for _, n := range lengths {
		for i := range n {
			placed.Set(row, 0, flowPart(i, n))
			copy(placed.RawRowView(row)[1:], x.RawRowView(row))
			row++
		}
	}
	return placed, nil
}

// flowPart codes a packet's place: 0, 1/9 .. 3/9 for the first four, 4/9 for the
// body, 5/9 .. 8/9 for the last four, the end winning: different codes at both
// ends, and the same in training and generation (D26).
func flowPart(i, n int) float64 {
	switch after := n - 1 - i; {
	case after < paperPlaces:
		return float64(2*paperPlaces-after) / (2*paperPlaces + 1)
	case i < paperPlaces:
		return float64(i) / (2*paperPlaces + 1)
	}
	return float64(paperPlaces) / (2*paperPlaces + 1)
}

// paperBatch is how many flows are decoded and predicted at once.
const paperBatch = 256

// Flows draws flows in start order.
func (g *Paper) Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		src := rand.NewPCG(r.Seed, 0x70617065)
		next := g.Aggregate.plans(r)
		for id := int64(0); id < int64(r.Flows); {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			flows, err := g.batch(next, id, src)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, f := range flows {
				if !yield(f, nil) {
					return
				}
			}
			id += int64(len(flows))
		}
	}
}

// batch draws up to paperBatch flows.
func (g *Paper) batch(next func() (plan, bool), id int64, src rand.Source) ([]*flow.Flow, error) {
	var labels, lengths []int
	var starts []int64
	for len(starts) < paperBatch {
		p, ok := next()
		if !ok {
			break
		}
		t := g.Aggregate.targets(p.latent)
		n := min(max(1, int(math.Round(math.Pow(10, t[0])))), g.Targets.LongestFlowPackets) // D19, D30
		starts, lengths = append(starts, p.start), append(lengths, n)
		labels = g.Chain.AppendSampleLength(labels, src, n)
	}
	if len(starts) == 0 {
		return nil, nil
	}
	x, err := g.decoded(labels, lengths, src)
	if err != nil {
		return nil, err
	}
	y, err := g.Network.Predict(x, lengths)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	var flows []*flow.Flow
	row := 0
	for i, n := range lengths {
		f := &flow.Flow{ID: id + int64(i), Application: g.Application, Tuple: flow.FiveTuple{Proto: g.Protocol}}
		now := starts[i]
		for j := range n {
			p, gap := g.packet(y.RawRowView(row))
			row++
			if j > 0 {
				now += int64(gap)
			}
			p.Time, p.FlowID, p.Application, p.Tuple = now, f.ID, f.Application, f.Tuple
			f.Packets = append(f.Packets, p)
		}
		flows = append(flows, f)
	}
	return flows, nil
}

// packet turns the network's outputs into a packet and the gap before it
// (algorithm.md 9.2): the likeliest flags, rounded lengths.
func (g *Paper) packet(y []float64) (p flow.Packet, gap time.Duration) {
	t := &g.Targets
	classes := g.flagClasses()
	if classes > 0 {
		best := 0
		for k, v := range y[:classes] {
			if v > y[best] {
				best = k
			}
		}
		p.Flags = flow.TCPFlags(t.Flags.Values[best])
	}
	features := y[classes:]
	value := func(r [2]float64, v float64) float64 { return r[0] + v*(r[1]-r[0]) }
	if features[0] >= 0.5 {
		p.Direction = flow.Backward
	}
	p.HeaderLength = int32(math.Round(value(t.Header, features[2])))
	p.Length = max(p.HeaderLength, int32(math.Round(value(t.Length, features[1]))))
	p.Captured, p.PayloadLength = p.Length, p.Length-p.HeaderLength
	seconds := math.Pow(10, value(t.Gap, features[3]))
	gap = time.Duration(math.Round(seconds*1e9/float64(t.Resolution))) * time.Duration(t.Resolution)
	return p, gap
}

// fitVAE trains the VAE that all levels share.
func fitVAE(ctx context.Context, b compute.Backend, cfg Config, e *feature.Encoder, x mat.Matrix, o Observer) (*vae.Model, error) {
	v := cfg.VAE
	v.Columns = e.Schema().Names()
	v.Progress = progress(o, "vae", v.Train.Epochs)
	m, err := vae.Fit(ctx, b, v, x, o.Record)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return m, nil
}

// epochs records a network's losses and shows its progress.
func epochs(o Observer, stage string, total int) func(fit.Epoch) error {
	report := progress(o, stage, total)
	return func(e fit.Epoch) error {
		if err := report(e); err != nil || !e.Complete() || o.Record == nil {
			return err
		}
		if !math.IsNaN(e.ValidationLoss) {
			if err := o.Record(stage+"/validation_loss", e.Number, e.ValidationLoss); err != nil {
				return err
			}
		}
		return o.Record(stage+"/loss", e.Number, e.Loss)
	}
}
