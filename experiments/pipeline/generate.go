package pipeline

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// The synthetic packets.
const (
	captureName = "generated.pcap"
	parquetName = "generated.parquet"
	csvName     = "generated.csv"
)

// generatedNames are the synthetic packets in each form, and tables of their flows.
var generatedNames = []string{captureName, parquetName, csvName, "generated.flows.parquet", "generated.flows.csv"}

// generateStage draws flows, frames them, and writes the capture and its tables in
// one pass.
func generateStage(e config.Experiment, kind generator.Kind, models []string) stage.Stage {
	deps := slices.Concat(models, []string{saved.PlanName, saved.WordsName, generator.TrafficName})
	if copies(e) {
		deps = append(deps, saved.ExamplesName)
	}
	if e.Generate.Follow != "" {
		deps = append(deps, saved.DynamicsName)
	}
	if e.Generate.FlowsFrom != "" {
		deps = append(deps, flowTableName)
	}
	return stage.Stage{Name: "generate", Version: 5, Params: e.Generate, Deps: deps, Seeds: []string{"generate"}, Device: kind.Device,
		Outs: append(slices.Clip(generatedNames), repairsName),
		Run: func(ctx context.Context, env *stage.Env) error {
			source, err := loadSource(ctx, env, kind, e.Data.Application, copies(e))
			if err != nil {
				return err
			}
			part := &source.Parts[0]
			if part.Dynamics, err = dynamics(env, e.Generate, part.Traffic); err != nil {
				return err
			}
			return generate(ctx, env, e.Generate, source)
		}}
}

// loadSource loads what the stages before have learnt.
func loadSource(ctx context.Context, env *stage.Env, kind generator.Kind, apps flow.Applications, examples bool) (*saved.Source, error) {
	var b compute.Backend
	if kind.Device {
		var err error
		if b, err = env.Backend(ctx); err != nil {
			return nil, err
		}
	}
	parts, err := saved.Load(kind, b, apps, saved.Payloads{Words: true, Examples: examples}, env.Path)
	if err != nil {
		return nil, err
	}
	return saved.New(parts...)
}

// generate writes what the configuration asks for.
func generate(ctx context.Context, env *stage.Env, g config.Generate, source *saved.Source) error {
	seed, err := env.Seed("generate")
	if err != nil {
		return err
	}
	options := g.Framing(source.Uplinks())
	amount := amountOf(g, source.Parts[0].Traffic)
	if len(source.Parts) > 1 {
		amount = amountOf(g, *source.Parts[0].Whole)
		amount.Observed = g.Flows == 0 && g.Packets == 0 && g.Duration == 0
	}
	amount.Seed = seed
	framer, err := source.Framer(options, amount.Seed)
	if err != nil {
		return err
	}
	drawn := 0
	frames := framer.Frames(func(yield func(*flow.Flow, error) bool) {
		for f, err := range source.Flows(ctx, amount) {
			drawn++
			if !yield(f, err) {
				return
			}
		}
	})
	packets, err := write(ctx, env, frames, amount, source, options.Link)
	if err != nil {
		return err
	}
	if err := readBack(env, packets); err != nil {
		return err
	}
	repairs, total := framer.Repairs(), 0
	for n := range maps.Values(repairs) {
		total += n
	}
	env.Note("%d %s, %d packets, %d repairs", drawn, unit(source.Parts[0].Traffic), packets, total)
	return writeJSON(env, repairsName, repairs)
}

// amountOf is how much a run generates: without any bound, as many flows as the
// capture has, or as many packets where there are no flows; or what is followed.
func amountOf(g config.Generate, t generator.Traffic) saved.Amount {
	a := saved.Amount{Flows: g.Flows, Packets: g.Packets, Duration: time.Duration(g.Duration), RateFactor: g.RateFactor}
	switch {
	case a.Flows != 0 || a.Packets != 0 || a.Duration != 0:
	case follows(g): // ends with what is followed
	case t.Segment > 0:
		a.Packets = t.Packets
	default:
		a.Flows = int(t.Flows)
	}
	if !g.Start.IsZero() {
		a.Start = g.Start.UnixNano()
	}
	return a
}

// write writes the frames to the capture and the tables.
func write(ctx context.Context, env *stage.Env, frames iter.Seq2[tcp.Frame, error], a saved.Amount, source *saved.Source, link tcp.Link) (packets int64, err error) {
	files, err := output.Create(generatedNames, output.Options{Link: link, Open: env.Create}, nil)
	if err != nil {
		return 0, err
	}
	total, _ := source.Estimate(a)
	packets, err = output.Write(ctx, frames, func(n int64) { env.Progress(n, int64(total), "packets") }, files.Sinks()...)
	if closed := files.Close(); err == nil {
		err = closed
	}
	return packets, err
}

// readBack reads the capture that was written, as anybody would, and checks its count.
func readBack(env *stage.Env, wrote int64) error {
	path, err := env.OutPath(captureName)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	read := int64(0)
	for _, err := range pcap.Packets(f, captureName) {
		if err != nil {
			return fmt.Errorf("%s: %w", captureName, err)
		}
		read++
	}
	if read != wrote || read == 0 {
		return fmt.Errorf("%s: wrote %d packets, read back %d: the capture is not what it should be", captureName, wrote, read)
	}
	return nil
}

// room ends a run before its training when the disk has no room for what it is to
// generate, which is known as soon as the data have been read. Tables of the other
// levels are smaller than what the run has written by then.
func room(e config.Experiment, r *run.Run, name string) error {
	if name != "read" || e.Level != config.FlowLevel {
		return nil
	}
	here := func(name string) (string, error) { return r.Path(name), nil }
	t, err := artifact.Read(here, generator.TrafficName, generator.ReadTraffic)
	if err != nil {
		return err
	}
	source := saved.Source{Parts: []saved.Part{{Traffic: t}}}
	amount := amountOf(e.Generate, t)
	if follows(e.Generate) && amount.Packets == 0 {
		amount.Packets = t.Packets
	}
	packets, bytes := source.Estimate(amount)
	return output.Room([]string{r.Path(captureName), r.Path(parquetName), r.Path(csvName)}, packets, bytes)
}
