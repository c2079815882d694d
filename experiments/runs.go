package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/listing"
)

func (c *command) runsCommand() *cobra.Command {
	var f listing.Filter
	cmd := &cobra.Command{
		Use:   "runs [key=value...]",
		Short: "All runs, the newest first",
		Long: `Lists the runs of all experiments, or those that all conditions hold for: the
experiment, the status, tags, settings (key=value) and scores. A score is named
as in the report, with its level where the name alone could be another one:
'C2ST window<0.7', 'packet/length KS<=0.1'. A run that was killed counts as
interrupted. Without conditions, folders that hold no readable manifest and those
that a killed command has left are named, too. A narrow terminal gets fewer
columns; --json has all that is known.`,
		Example: "  go run ./experiments runs\n" +
			"  go run ./experiments runs --experiment http --status finished lstm.units=96\n" +
			"  go run ./experiments runs --tag office --score 'C2ST window<0.7'",
		Args:              arguments(0, -1, "key=value as often as needed"),
		ValidArgsFunction: completeSettings,
		RunE: func(_ *cobra.Command, args []string) error {
			f.Settings = args
			return c.listRuns(f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.Experiment, "experiment", "", "runs of the experiment `NAME`")
	flags.StringVar(&f.Status, "status", "", "`STATUS`: finished, failed, interrupted or running")
	flags.StringSliceVar(&f.Tags, "tag", nil, "runs with this `TAG`, any number")
	flags.StringArrayVar(&f.Scores, "score", nil, "runs with this `SCORE`, like 'C2ST flow<0.7', any number")
	var states []cobra.Completion
	for _, s := range listing.Statuses {
		states = append(states, string(s))
	}
	if err := cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}

// listRuns prints the runs that the filter lets through.
func (c *command) listRuns(f listing.Filter) error {
	if problems := f.Check(); len(problems) > 0 {
		for i, err := range problems {
			if _, ok := errors.AsType[*listing.Problem](err); ok {
				problems[i] = fmt.Errorf("runs: --%w", err)
			}
		}
		return usageError{errors.Join(problems...)}
	}
	runs, broken, err := (&listing.Lister{Dir: c.runs}).List()
	if err != nil {
		return err
	}
	runs = slices.DeleteFunc(runs, func(r listing.Run) bool { return !f.Lets(r) })
	var others []listing.Run
	if !f.Some() { // of a folder that cannot be read nobody knows whether the conditions hold
		if others, err = c.otherFolders(broken); err != nil {
			return err
		}
	}
	if c.json {
		return printJSON(c.out, append(runs, others...))
	}
	err = c.printRuns(runs, f.Columns())
	for _, other := range others {
		err = errors.Join(err, printLine(c.out, "%s: %s", other.Dir, other.Problem))
	}
	return err
}
