// Package pipeline is the graph of an experiment's stages: read the trace, learn
// it, generate another one, score it.
//
//	data -> read -> training.parquet, heldout.parquet, traffic.json
//	               -> the stages of the generator -> model/...
//	               -> hosts -> model/plan.json; examples -> model/examples.json
//	               -> dynamics -> dynamics.parquet
//	        generate -> generated.pcap, .parquet, .csv, repairs.json
//	        evaluate -> scores.json
//
// That is the level of flows. At the level of packets the models end with the chain, and
// generate draws single packets; at the level of aggregates read keeps a table of flows,
// and generate draws another one.
//
// Graph is computed from the configuration alone, before any data is read. Prepare
// adds what decides the results beside it, the data and the device, and Run runs it
// and writes the report.
package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"

	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all" // whatever an experiment may name
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
)

// Artifacts of a run that no other package reads or writes by name.
const (
	dataName      = "data"           // the input
	flowTableName = "table of flows" // an input with generate.flows_from
	heldOutName   = "heldout.parquet"
	repairsName   = "repairs.json"
	scoresName    = "scores.json"
)

// Graph returns the stages of an experiment.
func Graph(e config.Experiment) (*stage.Graph, error) {
	kind, err := generator.Find(string(e.Generator))
	if err != nil {
		return nil, err
	}
	stages, err := stagesAt(e, kind)
	if err != nil {
		return nil, err
	}
	switch {
	case !follows(e.Generate):
	case e.Level != config.FlowLevel:
		return nil, &config.Problem{Key: "level", Value: fmt.Sprintf("%q", e.Level), Want: "follows nothing: want level = \"flow\", or no generate.follow and no generate.flows_from"}
	case !kind.Follows:
		return nil, &config.Problem{Key: "generator", Value: fmt.Sprintf("%q", e.Generator), Want: "neither follows the original nor a table of flows: want " + followers() + ", or no generate.follow and no generate.flows_from"}
	}
	if e.Generate.FlowsFrom != "" {
		return stage.NewGraph(stages, dataName, flowTableName)
	}
	return stage.NewGraph(stages, dataName)
}

// Prepared is an experiment that can be planned or run.
type Prepared struct {
	Spec run.Spec
	Job  *executor.Job

	device    *device.Device // nil: no stage needs one
	abandoned bool           // a stage may still use the device
}

// Options are what an experiment is run with beside its configuration.
type Options struct {
	Store *store.Store
	Out   io.Writer // where a backend says what it does; nil: nowhere

	// Progress stands between the data and its digest; nil: none.
	Progress func(r io.Reader, bytes int64) io.Reader
}

// Prepare digests the data of an experiment and opens its backend, which both
// decide what its stages make. The caller must close the result.
func Prepare(ctx context.Context, name string, overrides []string, e config.Experiment, o Options) (_ *Prepared, err error) {
	graph, err := Graph(e)
	if err != nil {
		return nil, err
	}
	data, err := findData(e.Data)
	if err != nil {
		return nil, err
	}
	files, sum, err := data.digest(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Spec: run.Spec{Experiment: name, Overrides: overrides, Config: e, Inputs: files, Seeds: map[string]uint64{}}}
	facts := stage.Facts{Seed: e.Seed, Inputs: map[string]string{dataName: sum}}
	inputs := map[string]func() (io.ReadCloser, error){dataName: func() (io.ReadCloser, error) { return data.reopen(ctx) }}
	if from := e.Generate.FlowsFrom; from != "" {
		table, open, err := digestFlowTable(from, o)
		if err != nil {
			return nil, err
		}
		p.Spec.Inputs = append(p.Spec.Inputs, table)
		facts.Inputs[flowTableName], inputs[flowTableName] = table.SHA256, open
	}
	if slices.ContainsFunc(graph.Stages, func(s stage.Stage) bool { return s.Device }) {
		if p.device, err = device.Open(ctx, device.Options{Backend: backendName(e.Backend), Out: o.Out}); err != nil {
			return nil, err
		}
		d := p.device
		facts.Device = d.Identity()
		p.Spec.Backend = run.Backend{Name: d.Name, Description: d.Description, PluginPath: d.PluginPath, PluginVersion: d.PluginVersion, Identity: facts.Device, Reason: d.Reason}
	}
	keys, err := graph.Keys(facts)
	if err != nil {
		p.Close()
		return nil, err
	}
	for _, s := range graph.Stages {
		p.Spec.Keys = append(p.Spec.Keys, keys[s.Name].Sum)
		for _, seed := range s.Seeds {
			p.Spec.Seeds[seed] = stage.Seed(e.Seed, seed)
		}
	}
	p.Job = &executor.Job{Graph: graph, Keys: keys, Store: o.Store, Seed: e.Seed,
		Inputs:  inputs,
		Check:   func(r *run.Run, stage string) error { return room(e, r, stage) },
		Backend: func(context.Context) (compute.Backend, error) { return p.device.Backend, nil }}
	return p, nil
}

// Close releases the backend.
func (p *Prepared) Close() {
	if p.device != nil && !p.abandoned {
		p.device.Close()
	}
}

// Run makes what is missing of an experiment, and the report of it all.
func (p *Prepared) Run(ctx context.Context, runsDir string, options run.Options) (*run.Run, error) {
	r, err := run.Start(runsDir, p.Spec, options)
	if err != nil {
		return nil, err
	}
	err = executor.Run(ctx, p.Job, r)
	p.abandoned = errors.Is(err, executor.Abandoned)
	if err != nil && ctx.Err() != nil {
		err = context.Canceled // whatever the interruption has broken
	}
	return r, r.Finish(err, func() error { return writeReport(r) })
}

// writeReport writes the page and its figures from the files of the run.
func writeReport(r *run.Run) error {
	data := report.Load(r.Manifest())
	if err := data.WriteFigures(r.WriteFile); err != nil {
		return err
	}
	return r.WriteFile("report.html", func(w io.Writer) error { return report.Write(w, data) })
}

// backendName is the configuration's backend as package device takes it.
func backendName(b config.Backend) string {
	if b == config.Auto {
		return ""
	}
	return string(b)
}

// writeJSON makes a declared artifact of a value.
func writeJSON(env *stage.Env, out string, v any) error {
	return env.Write(out, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", " ")
		return encoder.Encode(v)
	})
}

// readTraffic reads traffic.json.
func readTraffic(env *stage.Env) (generator.Traffic, error) {
	return artifact.Read(env.Path, generator.TrafficName, generator.ReadTraffic)
}

// CheckKeys reports the overrides of keys that the experiment's generator does not
// use, with the generators that do. Keys that an experiment inherits are not meant:
// it may be run with another generator than it was written for.
func CheckKeys(e config.Experiment, overrides []string) error {
	kind, err := generator.Find(string(e.Generator))
	if err != nil {
		return &config.Problem{Key: "generator", Value: fmt.Sprintf("%q", e.Generator), Want: err.Error()}
	}
	var problems []error
	for _, override := range overrides {
		key, value, _ := strings.Cut(override, "=")
		key = strings.TrimSpace(key)
		if !config.OfGenerator(key) || kind.Uses(key) || key == "markov.order" { // the Markov baseline of every report uses it
			continue
		}
		var users []string
		for _, k := range generator.Kinds() {
			if k.Uses(key) {
				users = append(users, k.Name)
			}
		}
		problems = append(problems, &config.Problem{Key: key, Value: strings.TrimSpace(value),
			Want: fmt.Sprintf("is not used by generator %q: want it with generator=%s", e.Generator, strings.Join(users, " or generator="))})
	}
	return errors.Join(problems...)
}
