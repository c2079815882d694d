package pipeline

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// dynamicsStage writes what generation can follow: the starts, sizes and hosts of all
// flows, those held out among them, or the times of all packets. A run that follows
// nothing has it, too, so that more can be generated from it that does.
func dynamicsStage(e config.Experiment) stage.Stage {
	options := address.FitOptions{KeepAddresses: e.Generate.KeepAddresses} // as stage hosts
	return stage.Stage{Name: "dynamics", Version: 1, Params: options,
		Deps: []string{generator.TrainingName, heldOutName, generator.TrafficName}, Outs: []string{saved.DynamicsName},
		Run: func(_ context.Context, env *stage.Env) error {
			var o saved.Original
			var err error
			if o.Traffic, err = readTraffic(env); err != nil {
				return err
			}
			if o.Training, err = readFlows(env, generator.TrainingName); err != nil {
				return err
			}
			if o.HeldOut, err = readFlows(env, heldOutName); err != nil {
				return err
			}
			if o.Hosts, err = address.FitHosts(o.Training, options); err != nil {
				return err
			}
			return env.Write(saved.DynamicsName, func(w io.Writer) error { return saved.WriteDynamics(w, o) })
		}}
}

// follows reports whether starts and sizes are given instead of drawn.
func follows(g config.Generate) bool { return g.Follow != "" || g.FlowsFrom != "" }

// followers lists the generators that can follow.
func followers() string {
	var names []string
	for _, k := range generator.Kinds() {
		if k.Follows {
			names = append(names, k.Name)
		}
	}
	return strings.Join(names, ", ")
}

// digestFlowTable digests the table of generate.flows_from, so that what is made of it can
// be named by its content, and returns what opens it while it is what it was.
func digestFlowTable(path string, o Options) (run.Input, func() (io.ReadCloser, error), error) {
	table := &dataset{key: "generate.flows_from", paths: []string{path}, stamps: []stamp{stampOf(path)}}
	f, err := os.Open(path)
	if err != nil {
		return run.Input{}, nil, fmt.Errorf("%s: %w", table.key, err)
	}
	defer f.Close()
	bytes, sum, err := o.Store.DigestInput(f, path, o.Progress)
	if err != nil {
		return run.Input{}, nil, fmt.Errorf("%s: %s: %w", table.key, path, err)
	}
	open := func() (io.ReadCloser, error) {
		if err := table.unchanged(); err != nil {
			return nil, err
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", table.key, err)
		}
		return f, nil
	}
	return run.Input{Name: flowTableName, Path: path, Bytes: bytes, SHA256: sum}, open, nil
}

// dynamics reads what is followed, nil for nothing.
func dynamics(env *stage.Env, g config.Generate, t generator.Traffic) (*saved.Dynamics, error) {
	switch {
	case g.Follow != "":
		path, err := env.Path(saved.DynamicsName)
		if err != nil {
			return nil, err
		}
		return saved.ReadDynamics(path, g.Follow.Period())
	case g.FlowsFrom != "":
		in, err := env.Open(flowTableName)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return saved.ReadFlowTable(g.FlowsFrom, t)
	}
	return nil, nil
}
