package generator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // the flows' shapes are fitted on it
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// Request says how much to generate: it ends at the first of the two bounds, and
// one of them must be given.
type Request struct {
	Flows      int           // flows at most; 0: no bound
	Duration   time.Duration // no flow starts later than this after Start; 0: no bound
	RateFactor float64       // flows a second, as a multiple of the training's; 0: 1
	Seed       uint64        // of every draw
	Start      int64         // time of the first flow, nanoseconds since 1970-01-01 UTC
	Packets    int64         // a hint, no bound: about how many packets will be taken, if not all; 0: all
}

// Config says how Sampled is fitted.
type Config struct {
	Variant    feature.Variant
	Compat     feature.Compat
	VAE        vae.Config
	GMM        gmm.Config         // of the packets' latent points
	Order      int                // labels that the chain looks back
	Network    lstm.SampledConfig // of Sampled; inputs and outputs are set when it is fitted
	Window     lstm.WindowConfig  // of Paper; inputs and outputs are set when it is fitted
	GapBins    int                // first digits of a gap
	LengthBins int                // first digits of a payload length that is not frequent
	MaxLength  int                // packets of a flow that are learnt; the rest is cut
	Lanes      int                // flows drawn in lockstep
	Seed       uint64

	// NoFlow says that the flows are segments of one timeline, as Segments makes
	// them: what is generated continues one timeline too, the next segment after
	// the end of the one before it.
	NoFlow bool

	// Before is, for each flow, the start of the flow before it in the whole
	// capture, of which the training flows are a part; nil: the flow before it in
	// training. With NoFlow it is the end of the segment before it.
	Before []int64
}

// Observer is told how fitting goes on. Nil fields are silent.
type Observer struct {
	Stage    func(name string, f func() error) error // runs f as a named stage
	Record   fit.RecordFunc                          // metrics by epoch
	Progress func(stage string, done, total int)     // epochs of a stage
	Warn     func(err error)
}

func (o Observer) stage(name string, f func() error) error {
	if o.Stage == nil {
		return f()
	}
	return o.Stage(name, f)
}

// step is one stage of a fit.
type step struct {
	name string
	f    func() error
}

func (o Observer) stages(steps []step) error {
	for _, s := range steps {
		if err := o.stage(s.name, s.f); err != nil {
			return err
		}
	}
	return nil
}

func (o Observer) warn(errs ...error) {
	for _, err := range errs {
		if o.Warn != nil {
			o.Warn(err)
		}
	}
}

// Sampled is the default generator.
type Sampled struct {
	Application flow.Application
	MaxPackets  int // a flow that reaches this many is ended
	Lanes       int
	NoFlow      *noFlow // nil: flows are flows, not segments of one timeline

	Embedding  Embedding
	Chain      *markov.Chain // over the labels of a flow
	Vocabulary *vocabulary
	Grammar    grammar     // classes that may follow, by the connection's state
	Radio      *radioModel // nil: the packets are no uplinks
	Aggregate  aggregate
	Network    *lstm.Sampled

	Cut int64 // flows that the last Flows ended by MaxPackets
}

// latentPoints is how many points a picture of the latent space keeps at most.
const latentPoints = 5000

// FitSampled learns the flows, which must be in start order.
func FitSampled(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, o Observer) (*Sampled, error) {
	if len(flows) < MinFlows {
		return nil, fmt.Errorf("generator: %d flows to learn from: want at least %d", len(flows), MinFlows)
	}
	flows, cfg.Before = withoutStrays(flows, cfg.Before, o)
	g := &Sampled{Application: flows[0].Application, Lanes: cfg.Lanes}
	var err error
	if g.NoFlow, err = fitNoFlow(cfg, flows); err != nil {
		return nil, err
	}
	if cfg.NoFlow && cfg.Before == nil {
		cfg.Before = ends(flows)
	}
	places := timeline(flows)
	lengths := packetCounts(flows)
	var x, z *mat.Dense
	var sequences [][]int
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
			labels, err := g.Embedding.cluster(ctx, b, gmm.PositionConfig{End: cfg.GMM, Body: cfg.GMM}, z, lengths, rand.NewPCG(cfg.Seed, 0x676d6d))
			if err != nil {
				return err
			}
			o.warn(g.Embedding.Mixtures.Warnings...)
			g.Embedding.observe(labels, places, lengths)
			sequences = cut(labels, lengths)
			return g.Embedding.sample(z, labels, latentPoints)
		}},
		{"markov", func() (err error) {
			if g.Chain, err = markov.Fit(cfg.Order, sequences); err != nil {
				return fmt.Errorf("generator: %w", err)
			}
			return nil
		}},
		{"flows", func() error { return g.Aggregate.fit(ctx, cfg, flows, o) }},
		{"lstm", func() error { return g.fitNetwork(ctx, b, cfg, flows, sequences, o) }},
	}
	return g, o.stages(steps)
}

// MinFlows is the least number of flows that a generator learns from: below it
// no held-out share says anything.
const MinFlows = 20

func progress(o Observer, stage string, epochs int) func(fit.Epoch) error {
	return func(e fit.Epoch) error {
		if o.Progress != nil && e.Complete() {
			o.Progress(stage, e.Number, epochs)
		}
		return nil
	}
}

// fitNetwork trains the recurrent network on the flows' classes.
func (g *Sampled) fitNetwork(ctx context.Context, b compute.Backend, cfg Config, flows []*flow.Flow, labels [][]int, o Observer) error {
	var err error
	if g.Vocabulary, err = fitVocabulary(flows, cfg.GapBins, cfg.LengthBins); err != nil {
		return err
	}
	g.Grammar = fitGrammar(flows, g.Vocabulary)
	if g.Radio, err = fitRadio(flows, cfg); err != nil {
		return err
	}
	for _, f := range flows {
		g.MaxPackets = max(g.MaxPackets, 2*len(f.Packets))
	}
	network := cfg.Network
	v := g.Vocabulary
	network.Heads = []lstm.Head{
		{Name: "label", Classes: len(g.Chain.Labels())}, {Name: "class", Classes: v.Class.Len()}, {Name: "header", Classes: v.Header.Len()},
		{Name: "payload", Classes: v.Payload.Len()}, {Name: "gap", Classes: v.Gap.Len()}, {Name: "share", Classes: gapShares},
	}
	network.Continuous, network.Latent, network.Prior, network.Masked = historyWidth, latentWidth, true, headClass
	network.Heads = append(network.Heads, g.Radio.heads()...)
	network.Continuous, network.Latent = network.Continuous+g.Radio.pastWidth(), network.Latent+g.Radio.profileWidth()
	sequences := g.sequences(cfg, flows, labels)
	if err := g.Radio.fitProfiles(ctx, cfg, latents(sequences)); err != nil {
		return err
	}
	g.Network, err = lstm.FitSampled(ctx, b, network, sequences, epochs(o, "lstm", network.Fit.Epochs))
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	o.warn(g.Network.Result.Warnings...)
	return nil
}

// sequences is the flows as the network is taught them.
func (g *Sampled) sequences(cfg Config, flows []*flow.Flow, labels [][]int) []lstm.Sequence {
	index := make(map[int]int)
	for i, label := range g.Chain.Labels() {
		index[label] = i
	}
	prior := g.Chain.Prior()
	x := shapes(flows, cfg.Before)
	random := rand.New(rand.NewPCG(cfg.Seed, 0x736571))
	all := make([]lstm.Sequence, len(flows))
	for i, f := range flows {
		s := &all[i]
		for j := range latentWidth {
			s.Latent = append(s.Latent, float32(g.Aggregate.Scores[j].score(x.At(i, j), random)))
		}
		s.Latent = g.Radio.appendProfile(s.Latent, f, random)
		past, walk := begin(g.Aggregate.targets(s.Latent)), prior.Start()
		past.radio = g.Radio.pastOf(f)
		for j := range min(len(f.Packets), cfg.MaxLength) {
			codes := make([]int32, headCount+g.Radio.headCount())
			g.Vocabulary.encode(codes, f, j, len(f.Packets)-1)
			g.Radio.encode(codes[headCount:], f, j, &past.radio)
			label := index[labels[i][j]]
			codes[headLabel] = int32(label)
			s.Codes = append(s.Codes, codes)
			s.Continuous = append(s.Continuous, g.Radio.appendPast(past.append(nil), &past.radio))
			s.Prior = append(s.Prior, walk.LogProbabilities())
			walk.Step(label)
			past.add(&f.Packets[j], gapBefore(f, j))
			past.radio.add(f.Packets[j].Radio)
		}
	}
	return all
}
