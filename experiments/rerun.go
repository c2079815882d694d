package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) rerunCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rerun RUN",
		Short: "Run a finished run again and compare it file by file",
		Long: `Runs the configuration of a finished run again, every stage of it, in a folder of
its own, and says which files differ from the finished run's and why they may:
other data, another device, other code. The run itself stays as it is. With
--backend another device computes. Where files differ, the exit code is 1 and the
second run stays to be looked at, until the same rerun or cache prune removes it.`,
		Example: "  go run ./experiments rerun quickstart\n" +
			"  go run ./experiments rerun office --backend xla:cpu",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seed") {
				return usageError{errors.New("rerun: --seed: another seed is another run: want run --seed")}
			}
			return c.rerun(cmd.Context(), args[0], c.overrides(cmd, nil))
		},
	}
}

// rerun runs a run again, with overrides of what does not decide its results, and prints
// what has become of its files.
func (c *command) rerun(ctx context.Context, ref string, overrides []string) error {
	first, e, err := c.repeatable(ref, overrides)
	if err != nil {
		return err
	}
	scratch, err := run.RerunScratch(c.runs, first.ID)
	if err != nil {
		return fmt.Errorf("rerun: %w", err)
	}
	differing, err := c.repeat(ctx, first, e, overrides, scratch.Dir)
	if err != nil || differing > 0 {
		return errors.Join(err, scratch.Close())
	}
	return scratch.Remove()
}
