package pipeline

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// stagesAt returns the stages of an experiment's level: of the flow level all of the
// generator's, for each application in a folder of its own, the hosts and the capture; of the others those that the level needs, and
// the table that is drawn from it.
func stagesAt(e config.Experiment, kind generator.Kind) ([]stage.Stage, error) {
	learn := kind.Stages(e.Settings())
	switch e.Level {
	case config.PacketLevel:
		needed := makersOf(learn, embedding.LevelArtifacts)
		if needed == nil {
			return nil, noLevel(e, kind)
		}
		return slices.Concat([]stage.Stage{readStage(e)}, needed, []stage.Stage{packetsStage(e), evaluateStage(e, kind)}), nil
	case config.AggregateLevel:
		if kind.FlowTable == nil {
			return nil, noLevel(e, kind)
		}
		return []stage.Stage{readTableStage(e), *kind.FlowTable, flowTableStage(e), evaluateTableStage(e)}, nil
	}
	var models []string // what the generators are loaded from
	stages := []stage.Stage{readStage(e)}
	for _, app := range e.Data.Application {
		own, err := kind.Of(app)
		if err != nil {
			return nil, err
		}
		for _, s := range own.Stages(e.Settings()) {
			s = stage.In(artifact.Folder(app, e.Data.Application), s)
			stages, models = append(stages, s), append(models, s.Outs...)
		}
	}
	stages = append(stages, hostsStage(e), wordsStage(e))
	if len(e.Data.Application) == 1 { // of several, nothing is followed
		stages = append(stages, dynamicsStage(e))
	} else {
		models = append(models, ownNames(e.Data.Application, generator.TrafficName)...)
	}
	if copies(e) {
		stages = append(stages, examplesStage(e))
	}
	return append(stages, generateStage(e, kind, models), evaluateStage(e, kind)), nil
}

// makersOf returns the stages that make the artifacts, and what those depend on, in
// their order; nil where no stage makes one of the artifacts.
func makersOf(stages []stage.Stage, artifacts []string) (needed []stage.Stage) {
	wanted := slices.Clone(artifacts)
	for _, s := range slices.Backward(stages) {
		if slices.ContainsFunc(s.Outs, func(out string) bool { return slices.Contains(wanted, out) }) {
			wanted = append(slices.DeleteFunc(wanted, func(a string) bool { return slices.Contains(s.Outs, a) }), s.Deps...)
			needed = append(needed, s)
		}
	}
	if slices.ContainsFunc(artifacts, func(a string) bool { return slices.Contains(wanted, a) }) {
		return nil
	}
	slices.Reverse(needed)
	return needed
}

// noLevel says which generators have the level that an experiment asks for.
func noLevel(e config.Experiment, kind generator.Kind) error {
	return &config.Problem{Key: "level", Value: fmt.Sprintf("%q", e.Level), Want: fmt.Sprintf("generator %q has no such level: want generator = \"sampled\" or \"paper\"", kind.Name)}
}

// packetsParams are the settings of what the packet level draws.
type packetsParams struct {
	Packets int64 `json:"packets"` // 0: as many as were learnt
}

// packetsStage draws packets from labels (algorithm.md 9.0): from those of the training
// packets, one each; where more are asked for, from the chain's.
func packetsStage(e config.Experiment) stage.Stage {
	p := packetsParams{e.Generate.Packets}
	return stage.Stage{Name: "generate", Version: 1, Params: p, Seeds: []string{"generate"}, Device: true,
		Deps: append(slices.Clip(embedding.LevelArtifacts), generator.TrafficName), Outs: []string{parquetName, csvName},
		Run: func(ctx context.Context, env *stage.Env) error {
			b, err := env.Backend(ctx)
			if err != nil {
				return err
			}
			level, err := embedding.LoadLevel(b, env.Path)
			if err != nil {
				return err
			}
			src, err := env.Source("generate")
			if err != nil {
				return err
			}
			t, err := readTraffic(env)
			if err != nil {
				return err
			}
			drawn, err := drawPackets(level, t, p.Packets, src)
			if err != nil {
				return err
			}
			env.Note("%d packets, from %d labels", len(drawn.Packets), level.LabelCount())
			return writePackets(env, drawn, t)
		}}
}

// drawPackets draws n packets, or as many as there are training packets.
func drawPackets(level generator.PacketLevel, t generator.Traffic, n int64, src rand.Source) (*generator.Packets, error) {
	labels := level.ObservedLabels()
	switch {
	case n > int64(len(labels)):
		var err error
		if labels, err = level.ChainLabels(int(n), src); err != nil {
			return nil, err
		}
	case n > 0:
		labels = labels[:n]
	}
	return level.Packets(labels, t.Start, src)
}

// writePackets writes the packets, as segments of a timeline, and the features that
// they were decoded from.
func writePackets(env *stage.Env, drawn *generator.Packets, t generator.Traffic) error {
	whole := &flow.Flow{Application: t.Application, Packets: drawn.Packets}
	segments, err := timeline.Segments([]*flow.Flow{whole}, t.Segment)
	if err != nil {
		return err
	}
	if err := env.Write(parquetName, func(w io.Writer) error { return table.WriteFlowPackets(w, table.Parquet, segments) }); err != nil {
		return err
	}
	columns, rows := drawn.Table()
	return env.Write(csvName, func(w io.Writer) error { return table.WriteFeatures(w, table.CSV, columns, rows) })
}
