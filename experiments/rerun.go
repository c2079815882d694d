package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

func (c *command) rerunCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rerun RUN",
		Short: "Run a finished run again and compare it file by file",
		Long: `Runs the configuration of a finished run again, every stage of it, in a folder of
its own, and says which files differ from the finished run's and why they may:
other data, another device, other code. The run itself stays as it is. Where files
differ, the exit code is 1 and the second run stays to be looked at.`,
		Example:           "  go run ./experiments rerun quickstart",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.rerun(cmd.Context(), args[0]) },
	}
}

// rerun runs a run again and prints what has become of its files.
func (c *command) rerun(ctx context.Context, ref string) error {
	first, err := run.Find(c.runs, ref)
	if err != nil {
		return err
	}
	if first.Status != run.Finished {
		return fmt.Errorf("rerun: %s is %s: want a finished run", first.Dir, first.State())
	}
	e, err := first.Config.Override() // checks what an older version may have written
	if err != nil {
		return fmt.Errorf("rerun: %s: %w", first.Dir, err)
	}
	folder := filepath.Join(c.runs, ".rerun-"+first.ID)
	if earlier, err := run.LatestRun(folder, first.Experiment); err == nil && earlier.Status == run.Finished {
		if err := os.RemoveAll(folder); err != nil { // one that was interrupted goes on
			return fmt.Errorf("rerun: %w", err)
		}
	}
	p, err := c.runner().PrepareConfig(ctx, first.Experiment, first.Overrides, e, store.Open(filepath.Join(folder, ".cache"), nil))
	if err != nil {
		return err
	}
	defer p.Close()
	r, err := p.Run(ctx, folder, run.Options{Out: c.terminal(), Source: run.ReadSource(ctx, ".")})
	if err != nil {
		return err
	}
	again, err := run.Open(r.Dir())
	if err != nil {
		return err
	}
	differing, err := c.printRepeated(first, again, p)
	if err == nil && differing > 0 {
		return fmt.Errorf("rerun: %d files are not what they were: the second run is %s", differing, again.Dir)
	}
	if err == nil {
		err = os.RemoveAll(folder)
	}
	return err
}
