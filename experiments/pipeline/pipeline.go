// Package pipeline is the graph of an experiment's stages: read the trace, learn
// it, generate another one, score it.
//
//	data -> read -> training.parquet, heldout.parquet, traffic.json
//	               -> the stages of the generator -> model/...
//	               -> hosts -> model/plan.json; words -> model/words.json; examples -> model/examples.json
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
// and writes the report. A Session prepares many experiments: data are digested once and
// a backend is opened once.
package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
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

	session *Session
	alone   bool // the session is of this experiment only
}

// Prepare is [Session.Prepare] in a session of its own, which Close of the result ends.
func Prepare(ctx context.Context, name string, overrides []string, e config.Experiment, o Options) (*Prepared, error) {
	session := NewSession(o)
	p, err := session.Prepare(ctx, name, overrides, e)
	if err != nil {
		session.Close()
		return nil, err
	}
	p.alone = true
	return p, nil
}

// Close releases the backend, unless that belongs to a session.
func (p *Prepared) Close() {
	if p.alone {
		p.session.Close()
	}
}

// Run makes what is missing of an experiment, and the report of it all.
func (p *Prepared) Run(ctx context.Context, runsDir string, options run.Options) (*run.Run, error) {
	r, err := run.Start(runsDir, p.Spec, options)
	if err != nil {
		return nil, err
	}
	return r, r.Finish(p.execute(ctx, p.Job, r), func() error { return writeReport(r) })
}

// Make makes some stages of an experiment and stores them. They must include whatever
// they depend on. The run that it needs for that lies below dir and is removed when all
// of it is stored; one that fails stays with its log.
func (p *Prepared) Make(ctx context.Context, dir string, stages []string, options run.Options) error {
	job, err := p.Job.Only(stages)
	if err != nil {
		return err
	}
	spec := p.Spec
	spec.Keys = nil
	for _, s := range job.Graph.Stages {
		spec.Keys = append(spec.Keys, job.Keys[s.Name].Sum)
	}
	r, err := run.Start(dir, spec, options)
	if err != nil {
		return err
	}
	if err := r.Finish(p.execute(ctx, job, r), nil); err != nil {
		return err
	}
	return run.Remove(r.Dir())
}

// execute runs a job of the experiment.
func (p *Prepared) execute(ctx context.Context, job *executor.Job, r *run.Run) error {
	err := executor.Run(ctx, job, r)
	if errors.Is(err, executor.Abandoned) {
		p.session.abandon()
	}
	if err != nil && ctx.Err() != nil {
		return context.Canceled // whatever the interruption has broken
	}
	return err
}

// writeReport writes the report in both forms, and its figures, from the files of the run.
func writeReport(r *run.Run) error {
	data := report.Load(r.Manifest())
	if err := data.WriteFigures(r.WriteFile, "svg"); err != nil {
		return err
	}
	for _, p := range report.Pages() {
		if err := r.WriteFile(p.Name, func(w io.Writer) error { return p.Write(w, data) }); err != nil {
			return err
		}
	}
	return nil
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
