// Package stage is the work of a run, stage by stage: read the capture, learn
// it, generate another one, score it, write the report.
package stage

import (
	"context"
	"encoding/json"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/trained"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// pipeline is a run under way.
type pipeline struct {
	ctx  context.Context
	run  *run.Run
	out  *run.Terminal
	data *traffic

	device    *device.Device
	source    generator.Generator
	synthetic []*flow.Flow // as read back from the capture that was written
	table     string       // closing table
}

// Run does the whole work of a run.
func Run(ctx context.Context, r *run.Run, out *run.Terminal) error {
	p := &pipeline{ctx: ctx, run: r, out: out}
	steps := []struct {
		name   string
		inputs []string
		f      func() error
	}{
		{"read", []string{"data", "config.data", "config.seed"}, p.read},
		{"", nil, p.open},
		{"", nil, p.learn},
		{"", nil, p.aggregate},
		{"generate", []string{"model", "config.generate", "config.seed"}, p.generate},
		{"evaluate", []string{"generated.pcap", "training.parquet", "heldout.parquet", "config.evaluate"}, p.evaluate},
		{"report", []string{"generated.parquet", "training.parquet", "heldout.parquet", "scores.json"}, p.report},
	}
	defer p.close()
	for _, step := range steps {
		err := error(nil)
		if step.name == "" {
			err = step.f()
		} else {
			err = r.Stage(step.name, step.inputs, step.f)
		}
		if err != nil {
			return err
		}
	}
	out.Printf("\n%s\n", p.table)
	return nil
}

func (p *pipeline) close() {
	if p.device != nil {
		p.device.Close()
	}
}

// read reads and splits the capture and keeps both parts as tables.
func (p *pipeline) read() (err error) {
	e := p.run.Spec.Config
	if p.data, err = readTraffic(p.ctx, e, p.run.Source("split")); err != nil {
		return err
	}
	for i, damage := range p.data.damaged {
		if i == mostDamage {
			p.run.Warn("%d more damaged records", len(p.data.damaged)-mostDamage)
			break
		}
		p.run.Warn("%v", damage)
	}
	for name, flows := range map[string][]*flow.Flow{"training.parquet": p.data.training, "heldout.parquet": p.data.heldOut} {
		err := p.run.WriteFile(name, func(w io.Writer) error {
			return table.WritePackets(w, table.Parquet, flow.Packets(flows))
		})
		if err != nil {
			return err
		}
	}
	p.run.Note("%s: %d %s to learn from, %d held out, %d packets", e.Data.Application, len(p.data.training), p.unit(), len(p.data.heldOut), p.data.facts.Packets)
	return p.writeJSON(trained.TrafficName, p.data.facts)
}

// mostDamage is how many damaged records are named one by one.
const mostDamage = 10

// open opens the backend and notes it.
func (p *pipeline) open() error {
	d, err := device.Open(p.ctx, device.Options{Backend: backendName(p.run.Spec.Config.Backend), Out: p.out.Err})
	if err != nil {
		return err
	}
	p.device = d
	p.run.SetBackend(run.Backend{Name: d.Name, Description: d.Description, PluginPath: d.PluginPath, PluginVersion: d.PluginVersion, Reason: d.Reason})
	return nil
}

// learn fits the generator; its models are stages of their own.
func (p *pipeline) learn() error {
	e := p.run.Spec.Config
	observer := generator.Observer{
		Stage:    func(name string, f func() error) error { return p.run.Stage(name, stageInputs(name), f) },
		Record:   p.run.Record,
		Progress: p.progress(),
		Warn:     func(err error) { p.run.Warn("%v", err) },
	}
	kind := string(e.Generator)
	if p.run.Reuse("save", stageInputs("save")) {
		dir, err := p.run.Path("model/" + kind)
		if err != nil {
			return err
		}
		p.source, err = generator.Load(p.device.Backend, kind, dir)
		return err
	}
	cfg, err := generatorConfig(e, p.data, p.run.Seed("model"))
	if err != nil {
		return err
	}
	cfg.VAE.Train.Checkpoint, cfg.Network.Fit.Checkpoint, cfg.Window.Fit.Checkpoint = p.run.Checkpoint("vae"), p.run.Checkpoint("lstm"), p.run.Checkpoint("lstm")
	if p.source, err = generator.Fit(p.ctx, p.device.Backend, kind, cfg, p.data.training, observer); err != nil {
		return err
	}
	return p.run.Stage("save", stageInputs("save"), p.save)
}

// aggregate learns the aggregate level by itself, for tables of flows.
func (p *pipeline) aggregate() error {
	inputs := []string{"training.parquet", "config.generator", "config.seed"}
	if p.data.segment > 0 || p.run.Reuse("aggregate", inputs) {
		return nil
	}
	return p.run.Stage("aggregate", inputs, func() error {
		warn := func(err error) { p.run.Warn("%v", err) }
		level, err := trained.FitAggregate(p.ctx, p.run.Spec.Config.Generator, p.data.training, p.data.before, p.run.Seed("aggregate"), warn)
		if err != nil {
			return err
		}
		dir, err := p.run.Path(trained.AggregateName)
		if err != nil {
			return err
		}
		return level.Save(dir)
	})
}

// save keeps the models, and the picture of the latent space.
func (p *pipeline) save() error {
	dir, err := p.run.Path("model/" + string(p.run.Spec.Config.Generator))
	if err != nil {
		return err
	}
	if err := p.source.Save(dir); err != nil {
		return err
	}
	if embedded, ok := p.source.(interface{ Latent() generator.LatentSample }); ok {
		return p.writeJSON("latent.json", embedded.Latent())
	}
	return nil
}

// report writes the page, from the files alone.
func (p *pipeline) report() error {
	manifest := p.run.Manifest()
	material := report.Load(&manifest)
	if err := material.WriteFigures(p.run.WriteFile); err != nil {
		return err
	}
	return p.run.WriteFile("report.html", func(w io.Writer) error { return report.Write(w, material) })
}

func (p *pipeline) writeJSON(name string, v any) error {
	return p.run.WriteFile(name, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", " ")
		return encoder.Encode(v)
	})
}

// stageInputs is what each model reads, for the manifest.
func stageInputs(name string) []string {
	inputs := []string{"training.parquet", "config.seed"}
	for _, keys := range [][]string{
		{"features", "config.features"}, {"vae", "config.features", "config.vae"}, {"gmm", "config.vae", "config.gmm"},
		{"markov", "config.gmm", "config.markov"}, {"flows", "config.gmm"}, {"lstm", "config.gmm", "config.markov", "config.lstm"},
		{"save", "config.features", "config.vae", "config.gmm", "config.markov", "config.lstm", "config.generator"},
	} {
		if keys[0] == name {
			inputs = append(inputs, keys[1:]...)
		}
	}
	return inputs
}

// progress shows epochs, one display a stage.
func (p *pipeline) progress() func(stage string, done, total int) {
	var shown run.Progress
	var current string
	return func(stage string, done, total int) {
		if stage != current {
			current, shown = stage, p.run.Progress()
			shown.Start(stage, int64(total), "epochs")
		}
		shown.Set(int64(done))
		if done == total {
			shown.Done()
		}
	}
}
