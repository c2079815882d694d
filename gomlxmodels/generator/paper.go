package generator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

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
// decoded points that predicts flags, direction, lengths and gap as points, for
// LoRaWAN the radio fields. Columns decode with the scales that they were trained
// with (D27 to D31), every packet of a flow is emitted (D25), and all windows are
// predicted in batches (D24).
//
// Without flows it has one mixture, a chain over one sequence, gaps between
// neighbours in time, and no aggregate level.
type Paper struct {
	Application flow.Application
	Protocol    uint8
	NoFlow      *noFlow // nil: flows are flows, not segments of one timeline

	Embedding Embedding     // places at both ends for TCP, one body for all else
	Chain     *markov.Chain // over the labels of a flow, or of the timeline
	Aggregate aggregate     // empty without flows
	Network   *lstm.Window
	Targets   paperTargets
	Radio     *radioModel // gives uplinks their devices; nil: the packets are no uplinks
}

// paperPlaces is how many packets at each end of a connected flow have a mixture
// of their own (LIMIT in NeCSTGen).
const paperPlaces = 4

// connected tells the variant with positions and flags.
func (g *Paper) connected() bool { return g.Protocol == flow.TCP && g.NoFlow == nil }

// FitPaper learns the flows, which must be in start order.
func FitPaper(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, o Observer) (*Paper, error) {
	if len(flows) < MinFlows {
		return nil, fmt.Errorf("generator: %d flows to learn from: want at least %d", len(flows), MinFlows)
	}
	flows, cfg.Before = withoutStrays(flows, cfg.Before, o)
	g := &Paper{Protocol: commonProtocol(flows)}
	var err error
	if g.NoFlow, err = fitNoFlow(cfg, flows); err != nil {
		return nil, err
	}
	if kept, before := only(g.Protocol, flows, cfg.Before); len(kept) < len(flows) && g.NoFlow == nil {
		o.warn(fmt.Errorf("generator: %d flows that are not of IP protocol %d are left out: the paper's network writes one", len(flows)-len(kept), g.Protocol))
		flows, cfg.Before = kept, before
	}
	g.Application = flows[0].Application
	places, lengths := timeline(flows), packetCounts(flows)
	var x, z *mat.Dense // of the timeline; of the flows one after the other
	var labels []int
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
			if labels, err = g.Embedding.cluster(ctx, b, g.positions(cfg), z, lengths, rand.NewPCG(cfg.Seed, 0x676d6d)); err != nil {
				return err
			}
			o.warn(g.Embedding.Mixtures.Warnings...)
			g.Embedding.observe(labels, places, lengths)
			return g.Embedding.sample(z, labels, latentPoints)
		}},
		{"markov", func() error { return g.fitChain(cfg.Order, labels, lengths) }},
		{"flows", func() error {
			if g.NoFlow != nil {
				return nil
			}
			return g.Aggregate.fit(ctx, cfg, flows, o)
		}},
		{"lstm", func() error { return g.fitNetwork(ctx, b, cfg, flows, labels, lengths, o) }},
	}
	return g, o.stages(steps)
}

// positions says which mixtures are fitted.
func (g *Paper) positions(cfg Config) gmm.PositionConfig {
	p := gmm.PositionConfig{End: cfg.GMM, Body: cfg.GMM}
	if g.connected() {
		p.Places = paperPlaces
		p.End.MaxComponents = min(p.End.MaxComponents, gmm.DefaultPositionConfig().End.MaxComponents)
	}
	return p
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

func (g *Paper) fitChain(order int, labels, lengths []int) (err error) {
	sequences := cut(labels, lengths)
	if g.NoFlow != nil {
		sequences = [][]int{labels}
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
	first, last := g.Embedding.Mixtures.Places()
	if err := g.Chain.SetPositions(markov.Positions{First: first, Last: last}); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

// fitNetwork trains the window network: a fresh point drawn from each packet's
// component and decoded is the input, the packet itself the target.
func (g *Paper) fitNetwork(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, labels, lengths []int, o Observer) error {
	var err error
	if g.Radio, err = fitRadio(flows, cfg); err != nil {
		return err
	}
	if g.Radio != nil {
		g.Radio.Profiles = nil // the network is given none
	}
	g.fitTargets(flows)
	codes, _, err := g.Embedding.decode(labels, rand.NewPCG(cfg.Seed, 0x6465))
	if err != nil {
		return err
	}
	x := g.placed(codes, lengths)
	network := cfg.Window
	_, network.Inputs = x.Dims()
	network.Heads, network.Features = g.Targets.outputs()
	g.Network, err = lstm.FitWindow(ctx, b, network, x, lengths, g.targets(flows), epochs(o, "lstm", network.Fit.Epochs))
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	o.warn(g.Network.Result.Warnings...)
	return nil
}

// placed is the network's input: the decoded points, with the place in the flow in
// front for connected flows.
func (g *Paper) placed(x *mat.Dense, lengths []int) *mat.Dense {
	if !g.connected() {
		return x
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
	return placed
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
