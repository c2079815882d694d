package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

func (c *command) runCommand() *cobra.Command {
	var repeat runner.Repetition
	var called run.Annotation
	var seeds int
	cmd := &cobra.Command{
		Use:   "run NAME [key=value...]",
		Short: "Learn a capture, generate another one, score it and write a report",
		Long: `Runs an experiment. Stages whose settings, data and device are those of an
earlier run are taken from there, and a run that has finished is not computed
again. What was interrupted or has failed goes on from where it was. With --seeds N
seeds 1 to N are run, as a sweep, and how much the scores vary is said at the end.`,
		Example: "  go run ./experiments run quickstart\n" +
			"  go run ./experiments run http generator=markov seed=2\n" +
			"  go run ./experiments run capture data.path=my.pcap data.application=SMTP\n" +
			"  go run ./experiments run quickstart --from lstm\n" +
			"  go run ./experiments run quickstart --name office --note 'before the move'\n" +
			"  go run ./experiments run quickstart --seeds 5",
		Args:              arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		ValidArgsFunction: c.completeExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("seeds") {
				return c.runSeeds(cmd, args[0], c.overrides(cmd, args[1:]), seeds)
			}
			return c.run(cmd.Context(), args[0], c.overrides(cmd, args[1:]), repeat, called)
		},
	}
	cmd.Flags().BoolVar(&repeat.Force, "force", false, "make every stage again, whether or not it is stored")
	cmd.Flags().StringVar(&repeat.From, "from", "", "make this `STAGE` and all that depends on it again")
	cmd.Flags().IntVar(&seeds, "seeds", 0, "run seeds 1 to `N`, and say how much the scores vary")
	annotationFlags(cmd, &called)
	return cmd
}

// run runs one experiment to its end, and prints its scores and its folder.
func (c *command) run(ctx context.Context, name string, overrides []string, repeat runner.Repetition, called run.Annotation) error {
	m, fresh, err := c.runner().Finish(ctx, name, overrides, repeat, called)
	if err != nil && repeat != (runner.Repetition{}) {
		return stoppedError{err, ": run it again without --force or --from to go on from here"}
	}
	if err != nil {
		return err
	}
	if fresh {
		if err := c.printClosing(m); err != nil {
			return err
		}
	}
	return c.printRun(m)
}

// printRun prints the line that a run ends with, or its manifest as JSON.
func (c *command) printRun(m *run.Manifest) error {
	if !c.json {
		_, err := fmt.Fprintf(c.out, "run: %s\n", m.Dir)
		return err
	}
	return printJSON(c.out, struct {
		Dir string `json:"run"`
		*run.Manifest
	}{m.Dir, m})
}
