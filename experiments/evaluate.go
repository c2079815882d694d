package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// evaluation is what evaluate compares.
type evaluation struct {
	training, application string
}

func (c *command) evaluateCommand() *cobra.Command {
	var v evaluation
	cmd := &cobra.Command{
		Use:   "evaluate REAL SYNTHETIC",
		Short: "Score anybody's synthetic capture against a real one",
		Long: "Reads captures, packet tables (Parquet, Arrow, CSV), NeCSTGen's published packets and LoRaWAN logs.\n" +
			"REAL should be traffic that the generator did not see, and --training what it learnt from. Without\n" +
			"--training a random half of REAL stands for it: then the scores of copying say little.",
		Args: arguments(2, 2, "two captures, the real one first"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.evaluate(cmd.Context(), args[0], args[1], v)
		},
	}
	cmd.Flags().StringVar(&v.training, "training", "", "capture that the generator learnt from")
	cmd.Flags().StringVar(&v.application, "application", "", "compare flows of this application only, like HTTP")
	return cmd
}

// evaluate prints the scores of a synthetic capture.
func (c *command) evaluate(ctx context.Context, real, synthetic string, v evaluation) error {
	seed, err := c.seedOf(1)
	if err != nil {
		return err
	}
	var app flow.Application
	if v.application != "" {
		if err := app.UnmarshalText([]byte(v.application)); err != nil {
			return usageError{fmt.Errorf("--application: %w", err)}
		}
	}
	src := rand.NewPCG(seed, 0)
	var split fidelity.Split
	if split.HeldOut, err = c.readFlows(ctx, real, app); err != nil {
		return err
	}
	if v.training != "" {
		split.Training, err = c.readFlows(ctx, v.training, app)
	} else {
		flows := split.HeldOut
		rand.New(src).Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
		split.Training, split.HeldOut = flows[:len(flows)/2], flows[len(flows)/2:]
	}
	if err != nil {
		return err
	}
	candidate, err := c.readFlows(ctx, synthetic, app)
	if err != nil {
		return err
	}
	baselines := map[string][]*flow.Flow{"bootstrap": split.Training}
	scores, err := fidelity.Compare(fidelity.DefaultConfig(), split, candidate, baselines, src)
	if err != nil {
		return err
	}
	return c.printScores(scores)
}

// readFlows reads the flows of a capture; 0 stands for every application.
func (c *command) readFlows(ctx context.Context, path string, app flow.Application) ([]*flow.Flow, error) {
	data, err := c.openTrace(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	defer data.Close()
	assembler := flow.Assembler{}
	all, _, err := flow.Collect(assembler.Flows(data.Packets(ctx, trace.Selection{Application: app})))
	if err != nil {
		return nil, err
	}
	for _, warning := range data.Warnings() {
		c.terminal().Warn(warning.Error())
	}
	var kept []*flow.Flow
	for _, flow := range all {
		if app == 0 || flow.Application == app {
			kept = append(kept, flow)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("evaluate: %s: no flow to compare among %d", path, len(all))
	}
	return kept, nil
}
