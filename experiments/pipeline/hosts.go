package pipeline

import (
	"context"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// hostsStage learns the plan of hosts.
func hostsStage(e config.Experiment) stage.Stage {
	options := address.FitOptions{KeepAddresses: e.Generate.KeepAddresses}
	return stage.Stage{Name: "hosts", Version: 4, Params: options, Deps: []string{generator.TrainingName}, Outs: []string{saved.PlanName},
		Run: func(_ context.Context, env *stage.Env) error {
			flows, err := readFlows(env, generator.TrainingName)
			if err != nil {
				return err
			}
			plan, err := address.Fit(flows, options)
			if err != nil {
				return err
			}
			return env.Write(saved.PlanName, plan.Write)
		}}
}

// readFlows reads a table of packets as flows.
func readFlows(env *stage.Env, name string) ([]*flow.Flow, error) {
	path, err := env.Path(name)
	if err != nil {
		return nil, err
	}
	return table.ReadFlowPackets(path, nil)
}
