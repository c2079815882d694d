package sampled

import (
	"context"
	"slices"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

func init() { generator.Register(kind) }

// Name is the kind's name.
const Name = "sampled"

var kind = generator.Kind{
	Name:  Name,
	About: "recurrent network whose every output is a distribution that is sampled",
	Keys: []string{"features.*", "vae.*", "gmm.*", "markov.*", "lstm.units", "lstm.epochs", "lstm.batch", "lstm.learning_rate", "lstm.dropout",
		"lstm.noise", "lstm.jitter", "lstm.validation_share", "lstm.patience", "lstm.gap_bins", "lstm.length_bins", "lstm.max_length"},
	Stages:    stages,
	FlowTable: aggregate.TableStage(aggregate.RankedPacketsAndGap),
	Load:      load,
	Device:    true,
	Follows:   true,

	OneThread: true, // 13 % more packets a second than with a pool of threads for each step
}

// stages are what learns this kind.
func stages(s generator.Settings) []stage.Stage {
	return append(embedding.Stages(s, embedding.Options{}), aggregate.Stage(aggregate.Summary, false), networkStage(s.LSTM))
}

// params are the settings of the network that this kind uses.
type params struct {
	Network         string  `json:"network"` // Name
	Units           int     `json:"units"`
	Epochs          int     `json:"epochs"`
	Batch           int     `json:"batch"`
	LearningRate    float64 `json:"learning_rate"`
	Dropout         float64 `json:"dropout"`
	Noise           float64 `json:"noise"`
	Jitter          float64 `json:"jitter"`
	ValidationShare float64 `json:"validation_share"`
	Patience        int     `json:"patience"`
	GapBins         int     `json:"gap_bins"`
	LengthBins      int     `json:"length_bins"`
	MaxLength       int     `json:"max_length"`
}

// paramsOf picks the parameters from the settings.
func paramsOf(s generator.LSTM) params {
	return params{Network: Name, Units: s.Units, Epochs: s.Epochs, Batch: s.Batch, LearningRate: s.LearningRate, Dropout: s.Dropout,
		Noise: s.Noise, Jitter: s.Jitter, ValidationShare: s.ValidationShare, Patience: s.Patience,
		GapBins: s.GapBins, LengthBins: s.LengthBins, MaxLength: s.MaxLength}
}

// network returns the network of the parameters, without its heads.
func (p params) network() lstm.SampledConfig {
	n := lstm.DefaultSampledConfig()
	n.Units, n.Dropout, n.Noise, n.Jitter = p.Units, p.Dropout, p.Noise, p.Jitter
	n.Fit = training.Network(n.Fit, p.Epochs, max(1, p.Batch*batchPacketUnit/n.Steps), p.LearningRate, p.Patience)
	n.Fit.ValidationFraction = p.ValidationShare
	return n
}

// batchPacketUnit is how many packets lstm.batch counts as one. A row of the network may
// have more; a batch has as many fewer rows.
const batchPacketUnit = 32

type observer = func(fit.Epoch) error

// networkStage trains the network.
func networkStage(s generator.LSTM) stage.Stage {
	p := paramsOf(s)
	return stage.Stage{
		Name: "lstm", Version: 7, Params: p,
		Deps: slices.Concat(training.Deps, []string{embedding.LabelsName, embedding.ChainName, aggregate.Name}),
		Outs: []string{networkName, weightsName}, Seeds: []string{"lstm"}, Device: true,
		Run: func(ctx context.Context, env *stage.Env) error { return p.run(ctx, env) },
	}
}

// run is the work of the stage.
func (p params) run(ctx context.Context, env *stage.Env) error {
	backend, err := env.Backend(ctx)
	if err != nil {
		return err
	}
	set, err := training.Read(env, false)
	if err != nil {
		return err
	}
	labels, err := embedding.ReadLabels(env.Path)
	if err != nil {
		return err
	}
	g := &Generator{facts: facts{Pace: set.Pace}}
	if g.Chain, err = embedding.LoadChain(env.Path); err != nil {
		return err
	}
	if g.Aggregate, err = aggregate.LoadArtifact(env.Path); err != nil {
		return err
	}
	network := p.network()
	if network.Fit.Seed, err = env.Seed("lstm"); err != nil {
		return err
	}
	network.Fit.Checkpoint = env.Checkpoint()
	if err := g.fit(ctx, backend, p, network, set.Flows, labels.Sequences(), training.Losses(env, "lstm", p.Epochs)); err != nil {
		return err
	}
	env.Warn(g.Network.Result.Warnings...)
	if err := artifact.WriteFolder(env, weightsName, g.Network.Save); err != nil {
		return err
	}
	return artifact.WriteJSON(env, networkName, g.facts)
}
