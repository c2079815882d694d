package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// evaluateOptions are the flags of evaluate.
type evaluateOptions struct {
	training, application string
}

func (c *command) evaluateCommand() *cobra.Command {
	var o evaluateOptions
	cmd := &cobra.Command{
		Use:   "evaluate REAL SYNTHETIC",
		Short: "Score anybody's synthetic capture against a real one",
		Long: "Reads captures, packet tables (Parquet, Arrow, CSV), NeCSTGen's published packets and LoRaWAN logs.\n" +
			"REAL should be traffic that the generator did not see, and --training what it learnt from. Without\n" +
			"--training a random half of REAL stands for it: then the scores of copying say little.\n" +
			"If REAL is of one application, or --application names one, SYNTHETIC is taken for that as a whole:\n" +
			"its flows that are not recognised as such are scored too, and counted in a warning.",
		Args: arguments(2, 2, "two captures, the real one first"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.evaluate(cmd.Context(), args[0], args[1], o)
		},
	}
	cmd.Flags().StringVar(&o.training, "training", "", "capture that the generator learnt from")
	cmd.Flags().StringVar(&o.application, "application", "", "the application that is compared, like HTTP: REAL's flows of it, all of SYNTHETIC")
	return cmd
}

// evaluate prints the scores of a synthetic capture.
func (c *command) evaluate(ctx context.Context, real, synthetic string, o evaluateOptions) error {
	seed, err := c.seedOr(1)
	if err != nil {
		return err
	}
	var app flow.Application
	if o.application != "" {
		if err := app.UnmarshalText([]byte(o.application)); err != nil {
			return usageError{fmt.Errorf("--application: %w", err)}
		}
	}
	src := stage.Source(seed, "evaluate") // as the stage of a run with that seed has it, so that both compare the same flows
	split, err := c.realFlows(ctx, real, o.training, app, src)
	if err != nil {
		return err
	}
	if applications := split.Applications(); app == flow.Unknown && len(applications) == 1 {
		app = applications[0]
	}
	candidate, err := c.readFlows(ctx, synthetic, app, false)
	if err != nil {
		return err
	}
	if app != flow.Unknown {
		if warning := fidelity.Claim(candidate, app); warning != nil {
			fmt.Fprintf(c.err, "warning: %s: %v\n", synthetic, warning)
		}
	}
	baselines := map[string][]*flow.Flow{"bootstrap": split.Training}
	scores, err := fidelity.Compare(fidelity.Config{}, split, candidate, baselines, src)
	if err != nil {
		return err
	}
	return c.printScores(scores)
}
