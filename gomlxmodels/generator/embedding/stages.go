package embedding

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// Options say what of the packet level is a generator's own.
type Options struct {
	OneProtocol bool // learn only the flows of the most frequent IP protocol
	Places      int  // packets at each end of TCP connections that have a mixture of their own
	OneSequence bool // without flows, the chain is counted over the whole timeline, not over each segment
}

// Stages learn the packet level.
func Stages(s generator.Settings, o Options) []stage.Stage {
	if s.NoFlow { // segments have no places and no protocol of their own, so generators share what is learnt of them
		o.Places, o.OneProtocol = 0, false
	}
	return []stage.Stage{
		featuresStage(featuresParams{s.Features, o.OneProtocol}),
		vaeStage(s.VAE),
		gmmStage(gmmParams{s.GMM, o.Places}),
		markovStage(markovParams{s.Markov.Order, o.OneSequence && s.NoFlow}),
	}
}

type featuresParams struct {
	generator.Features
	OneProtocol bool `json:"one_protocol"`
}

// featuresStage fits the scale of each feature.
func featuresStage(p featuresParams) stage.Stage {
	return stage.Stage{
		Name: "features", Version: 2, Params: p,
		Deps: training.Deps, Outs: []string{featuresName},
		Run: func(_ context.Context, env *stage.Env) error {
			set, err := training.Read(env, p.OneProtocol)
			if err != nil {
				return err
			}
			env.Warn(set.Doubts...)
			f := features{Variant: p.Variant, Compat: p.Compat, OneProtocol: p.OneProtocol}
			if set.Traffic.Uplinks {
				f.Variant = feature.LoRaWAN // there are no others for them
			}
			if err := f.fit(set.Flows); err != nil {
				return err
			}
			return artifact.WriteJSON(env, featuresName, f)
		},
	}
}

// fit learns the encoder.
func (f *features) fit(flows []*flow.Flow) error {
	if err := f.check(flows); err != nil {
		return err
	}
	schema, err := f.Variant.Schema(f.compat())
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	if f.Encoder, err = feature.Fit(schema, f.rows(flows, timeline.Order(flows))); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

// check refuses packets that are not of the variant's kind.
func (f *features) check(flows []*flow.Flow) error {
	uplinks, err := radio.AllUplinks(flows)
	switch {
	case err != nil:
		return err
	case uplinks && f.Variant != feature.LoRaWAN:
		return fmt.Errorf("generator: the packets are LoRaWAN uplinks: want the features of variant %q, not %q", feature.LoRaWAN, f.Variant)
	case !uplinks && f.Variant == feature.LoRaWAN:
		return fmt.Errorf("generator: the packets are no LoRaWAN uplinks: want the features of another variant than %q", f.Variant)
	}
	return nil
}

// rows yields the features of the packets in time order, in their own units.
func (f *features) rows(flows []*flow.Flow, places []timeline.Place) func(func([]float64, error) bool) {
	packets := func(yield func(flow.Packet, error) bool) {
		for _, at := range places {
			if !yield(flows[at.Flow].Packets[at.Packet], nil) {
				return
			}
		}
	}
	if f.Variant == feature.LoRaWAN {
		return radio.Rows(packets, f.compat())
	}
	return feature.Extract(packets, f.Variant, f.compat())
}

// encode returns the rows of the packets in time order, [packets, features] in [0, 1].
func (f *features) encode(flows []*flow.Flow, places []timeline.Place) (*mat.Dense, error) {
	width := f.Encoder.Width()
	flat := make([]float64, 0, len(places)*width)
	for row, err := range f.rows(flows, places) {
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		flat = f.Encoder.Encode(flat, row)
	}
	return mat.NewDense(len(places), width, flat), nil
}

// vaeStage trains the VAE and draws the latent points of the training packets.
func vaeStage(p generator.VAE) stage.Stage {
	return stage.Stage{
		Name: "vae", Version: 2, Params: p,
		Deps: slices.Concat(training.Deps, []string{featuresName}), Outs: []string{vaeName, latentsName},
		Seeds: []string{"vae"}, Device: true,
		Run: func(ctx context.Context, env *stage.Env) error {
			seed, err := env.Seed("vae")
			if err != nil {
				return err
			}
			f, set, err := readFeatures(env)
			if err != nil {
				return err
			}
			places := timeline.Order(set.Flows)
			x, err := f.encode(set.Flows, places)
			if err != nil {
				return err
			}
			m, err := fitVAE(ctx, env, p, seed, f.Encoder.Schema().Names(), x)
			if err != nil {
				return err
			}
			z, err := drawLatents(m, x, rand.NewPCG(seed, 0x7a))
			if err != nil {
				return err
			}
			return writeMatrix(env, latentsName, flowOrder(z, places, timeline.Lengths(set.Flows)))
		},
	}
}

// readFeatures reads the features and the flows that they are of.
func readFeatures(env *stage.Env) (*features, *training.Set, error) {
	f := new(features)
	if err := artifact.ReadJSON(env.Path, featuresName, f); err != nil {
		return nil, nil, err
	}
	set, err := training.Read(env, f.OneProtocol)
	return f, set, err
}

// fitVAE trains the VAE and saves it.
func fitVAE(ctx context.Context, env *stage.Env, p generator.VAE, seed uint64, columns []string, x mat.Matrix) (*vae.Model, error) {
	backend, err := env.Backend(ctx)
	if err != nil {
		return nil, err
	}
	cfg := vae.DefaultConfig()
	cfg.Hidden, cfg.Latent, cfg.Beta, cfg.Columns = p.Hidden, p.Latent, p.Beta, columns
	cfg.Train.Epochs, cfg.Train.Batch, cfg.Train.LearningRate, cfg.Train.Seed = p.Epochs, p.Batch, p.LearningRate, seed
	cfg.Train.Checkpoint, cfg.Progress = env.Checkpoint(), training.Progress(env, p.Epochs)
	m, err := vae.Fit(ctx, backend, cfg, x, env.Record)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return m, artifact.WriteFolder(env, vaeName, m.Save)
}

type gmmParams struct {
	generator.GMM
	Places int `json:"places"`
}

// config returns what to fit. Places says whether packets at the ends of flows have
// places of their own.
func (p gmmParams) config(places bool) gmm.PositionConfig {
	one := gmm.DefaultConfig()
	one.Components, one.MaxComponents, one.Covariance = int(p.Components), p.MaxComponents, gmm.Covariance(p.Covariance)
	one.MaxIterations, one.Tolerance, one.RegCovar = p.Iterations, p.Tolerance, p.Regularization
	c := gmm.DefaultPositionConfig()
	mostAtEnds := min(c.End.MaxComponents, one.MaxComponents)
	c.Places, c.End, c.Body = p.Places, one, one
	if c.End.MaxComponents = mostAtEnds; !places {
		c.Places = 0
	}
	return c
}

// gmmStage fits the mixtures and labels the training packets.
func gmmStage(p gmmParams) stage.Stage {
	return stage.Stage{
		Name: "gmm", Version: 2, Params: p,
		Deps: slices.Concat(training.Deps, []string{featuresName, latentsName}), Outs: []string{clustersName, LabelsName, SampleName},
		Seeds: []string{"gmm"}, Device: true,
		Run: func(ctx context.Context, env *stage.Env) error {
			seed, err := env.Seed("gmm")
			if err != nil {
				return err
			}
			backend, err := env.Backend(ctx)
			if err != nil {
				return err
			}
			f, set, err := readFeatures(env)
			if err != nil {
				return err
			}
			z, err := readMatrix(env.Path, latentsName)
			if err != nil {
				return err
			}
			lengths := timeline.Lengths(set.Flows)
			connected := set.Pace == nil && training.Protocol(set.Flows) == flow.TCP
			mixtures, err := gmm.FitByPosition(ctx, backend, z, lengths, p.config(connected), rand.NewPCG(seed, 0x676d6d))
			if err != nil {
				return fmt.Errorf("generator: %w", err)
			}
			env.Warn(fewest(mixtures.Warnings)...)
			labels, err := label(mixtures, z, lengths)
			if err != nil {
				return err
			}
			if err := env.Write(clustersName, mixtures.Save); err != nil {
				return err
			}
			places := timeline.Order(set.Flows)
			if err := artifact.WriteJSON(env, LabelsName, newLabels(labels, places, lengths)); err != nil {
				return err
			}
			x, err := f.encode(set.Flows, places)
			if err != nil {
				return err
			}
			s, err := sampleOf(mixtures, z, flowOrder(x, places, lengths), labels)
			if err != nil {
				return err
			}
			s.Encoder = f.Encoder
			return artifact.WriteJSON(env, SampleName, s)
		},
	}
}

// mostWarnings is how many warnings of mixtures are told: there are up to nine mixtures,
// whose small components say the same.
const mostWarnings = 2

// fewest returns the first warnings, and the number of the others.
func fewest(warnings []error) []error {
	if more := len(warnings) - mostWarnings; more > 1 {
		return append(slices.Clone(warnings[:mostWarnings]), fmt.Errorf("gmm: %d more components like these", more))
	}
	return warnings
}

// label returns the labels of latent points of flows that stand one after the other.
func label(mixtures *gmm.ByPosition, z *mat.Dense, lengths []int) (labels []int, err error) {
	_, d := z.Dims()
	from := 0
	for _, n := range lengths {
		one, err := mixtures.Labels(z.Slice(from, from+n, 0, d))
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		labels, from = append(labels, one...), from+n
	}
	return labels, nil
}

type markovParams struct {
	Order       int  `json:"order"`
	OneSequence bool `json:"one_sequence"`
}

// markovStage counts the labels.
func markovStage(p markovParams) stage.Stage {
	return stage.Stage{
		Name: "markov", Version: 1, Params: p,
		Deps: []string{LabelsName}, Outs: []string{ChainName},
		Run: func(_ context.Context, env *stage.Env) error {
			labels, err := ReadLabels(env.Path)
			if err != nil {
				return err
			}
			sequences := labels.Sequences()
			if p.OneSequence {
				sequences = [][]int{labels.Flows}
			}
			chain, err := markov.Fit(p.Order, sequences)
			if err != nil {
				return fmt.Errorf("generator: %w", err)
			}
			return env.Write(ChainName, chain.Save)
		},
	}
}
