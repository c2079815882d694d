package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	sweep.Options
	sweep.RunOptions
	executor executorFlags
	dryRun   bool
}

func (c *command) sweepCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep NAME key=values...",
		Short: "Run an experiment with every combination of some values",
		Long: `Runs an experiment at every point of a grid: a key with several values is an axis,
the last one changes fastest, and a key with one value has it at all points.
Values are a list, whole numbers with both ends, or so many numbers at equal
distances or ratios; commas inside brackets or quotes do not separate values:

  lstm.units=32,64    seed=1..8    vae.learning_rate=0.001..0.1:3:log

All points are checked before the first one runs. Stages that several points need
are made once, first. A point is an ordinary run, which other commands find; one
that has finished is not computed again, and the same command goes on with what
was interrupted. When a point fails, those under way are finished and no other is
begun, unless --on-error continue is given. Jobs share one device and its threads:
their results are those of one job.

With --executor slurm the points become the tasks of a cluster: what all of them
need is submitted, and the command ends. The folder of runs, the working folder
and the data must be on a file system that the nodes share. What the cluster is
asked for stands in the table [slurm] of experiments.toml, and behind --slurm.`,
		Example: "  go run ./experiments sweep dns lstm.units=32,64,128 --seeds 4 --dry-run\n" +
			"  go run ./experiments sweep dns --seeds 4 --executor slurm --dry-run\n" +
			"  go run ./experiments sweep dns lstm.units=32,64,128 --seeds 4 --jobs 2\n" +
			"  go run ./experiments sweep http 'vae.hidden=[64],[128,64]' seed=1..3",
		Args:              arguments(1, -1, "the name of an experiment, then key=values as often as needed"),
		ValidArgsFunction: c.completeExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sweep(cmd.Context(), args[0], c.overrides(cmd, args[1:]), f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.Seeds, "seeds", 0, "add the axis seed=1..`N`")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would run, and end")
	flags.IntVar(&f.Jobs, "jobs", 1, "run `N` points at once")
	flags.BoolVar(&f.Failed, "failed", false, "run only points that have failed or were interrupted")
	flags.StringVar((*string)(&f.OnError), "on-error", string(sweep.Stop), "when a point fails: stop or continue")
	flags.StringVar(&f.Name, "name", "", "`NAME` by which other commands find the sweep")
	words := []cobra.Completion{string(sweep.Stop), string(sweep.Continue)}
	if err := cmd.RegisterFlagCompletionFunc("on-error", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
	f.executor.add(cmd, "points")
	cmd.AddCommand(c.sweepListCommand(), c.sweepStatusCommand(), c.sweepWaitCommand(), c.sweepCancelCommand(), c.sweepReportCommand(), c.sweepPointCommand(), c.sweepSharedCommand())
	return cmd
}
