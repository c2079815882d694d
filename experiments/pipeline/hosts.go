package pipeline

import (
	"context"
	"io"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// hostsStage learns the plan of hosts.
func hostsStage(e config.Experiment) stage.Stage {
	options := address.FitOptions{KeepAddresses: e.Generate.KeepAddresses}
	return stage.Stage{Name: "hosts", Version: 3, Params: options, Deps: []string{generator.TrainingName}, Outs: []string{saved.PlanName},
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

// copies reports whether payloads are those of the training capture.
func copies(e config.Experiment) bool { return e.Generate.Payload == payload.Copy }

// examplesStage gathers what the packets of the training flows say. It reads the
// trace again, since flows do not keep that.
func examplesStage(e config.Experiment) stage.Stage {
	p := packetsOf(e.Data)
	return stage.Stage{Name: "examples", Version: 1, Params: p, Deps: []string{dataName, generator.TrainingName}, Outs: []string{saved.ExamplesName},
		Run: func(ctx context.Context, env *stage.Env) error {
			training, err := readFlows(env, generator.TrainingName)
			if err != nil {
				return err
			}
			numbers := make(map[int64]bool) // of the packets to learn from: none that is held out is copied
			for _, f := range training {
				for i := range f.Packets {
					numbers[f.Packets[i].Number] = true
				}
			}
			data, err := openEnv(env)
			if err != nil {
				return err
			}
			defer data.Close()
			labelled := p.assembler().Label(data.Packets(ctx, p.selection()))
			examples, err := payload.Gather(func(yield func(flow.Packet, error) bool) {
				for packet, err := range labelled {
					if err == nil && !numbers[packet.Number] || flow.IsRecordError(err) { // which stage read has said
						continue
					}
					if !yield(packet, err) {
						return
					}
				}
			})
			if changed := data.unchanged(); changed != nil {
				return changed
			}
			if err != nil {
				return err
			}
			return env.Write(saved.ExamplesName, func(w io.Writer) error { return payload.WriteExamples(w, examples) })
		}}
}
