package paper

import (
	"context"
	"slices"

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
const Name = "paper"

var kind = generator.Kind{
	Name:  Name,
	About: "NeCSTGen as published, with point outputs, its defects corrected",
	Keys: []string{"features.*", "vae.*", "gmm.*", "markov.*", "lstm.units", "lstm.cell", "lstm.epochs", "lstm.batch", "lstm.learning_rate",
		"lstm.dropout", "lstm.validation_share", "lstm.patience"},
	Stages:    stages,
	FlowTable: aggregate.TableStage(aggregate.PacketsAndGap),
	Load:      load,
	Device:    true,
	Follows:   true,
}

// stages are what learns this kind.
func stages(s generator.Settings) []stage.Stage {
	all := embedding.Stages(s, embedding.Options{OneProtocol: true, Places: places, OneSequence: true})
	if !s.NoFlow {
		all = append(all, aggregate.Stage(aggregate.PacketsAndGap, true))
	}
	return append(all, networkStage(s.LSTM))
}

// params are the settings of the network that this kind uses.
type params struct {
	Network         string         `json:"network"` // Name
	Cell            generator.Cell `json:"cell"`
	Units           int            `json:"units"`
	Epochs          int            `json:"epochs"`
	Batch           int            `json:"batch"`
	LearningRate    float64        `json:"learning_rate"`
	Dropout         float64        `json:"dropout"`
	ValidationShare float64        `json:"validation_share"`
	Patience        int            `json:"patience"`
}

// paramsOf picks the parameters from the settings.
func paramsOf(s generator.LSTM) params {
	p := params{Network: Name, Cell: s.Cell, Units: s.Units, Epochs: s.Epochs, Batch: s.Batch, LearningRate: s.LearningRate, Dropout: s.Dropout,
		ValidationShare: s.ValidationShare, Patience: s.Patience}
	if p.Cell == generator.AutoCell {
		p.Cell = generator.GRU
	}
	return p
}

// network returns the network of the parameters, without inputs and outputs.
func (p params) network() lstm.WindowConfig {
	n := lstm.DefaultWindowConfig()
	n.Cell, n.Units, n.Dropout, n.HoldOut = lstm.Cell(p.Cell), p.Units, p.Dropout, p.ValidationShare
	n.Fit = training.Network(n.Fit, p.Epochs, p.Batch, p.LearningRate, p.Patience)
	return n
}

// networkStage trains the network.
func networkStage(s generator.LSTM) stage.Stage {
	p := paramsOf(s)
	return stage.Stage{
		Name: "lstm", Version: 5, Params: p,
		Deps: slices.Concat(training.Deps, embedding.Artifacts),
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
	set, err := training.Read(env, true)
	if err != nil {
		return err
	}
	labels, err := embedding.ReadLabels(env.Path)
	if err != nil {
		return err
	}
	g := new(Generator)
	if g.Model, err = embedding.Load(backend, env.Path); err != nil {
		return err
	}
	network := p.network()
	if network.Fit.Seed, err = env.Seed("lstm"); err != nil {
		return err
	}
	network.Fit.Checkpoint = env.Checkpoint()
	if err := g.fit(ctx, backend, network, set, labels.Flows, training.Losses(env, "lstm", p.Epochs)); err != nil {
		return err
	}
	env.Warn(g.Network.Result.Warnings...)
	if err := artifact.WriteFolder(env, weightsName, g.Network.Save); err != nil {
		return err
	}
	return artifact.WriteJSON(env, networkName, g.facts)
}
