package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) runsCommand() *cobra.Command {
	var f runFilter
	cmd := &cobra.Command{
		Use:   "runs [key=value...]",
		Short: "All runs, the newest first",
		Long: `Lists the runs of all experiments, or those that all conditions hold for: the
experiment, the status, tags, settings (key=value) and scores. A score is named
as in the report, with its level where the name alone could be another one:
'C2ST window<0.7', 'packet/length KS<=0.1'. A run that was killed counts as
interrupted. Without conditions, folders that hold no readable manifest are
named, too.`,
		Example: "  go run ./experiments runs\n" +
			"  go run ./experiments runs --experiment http --status finished lstm.units=96\n" +
			"  go run ./experiments runs --tag office --score 'C2ST window<0.7'",
		Args:              arguments(0, -1, "key=value as often as needed"),
		ValidArgsFunction: completeSettings,
		RunE: func(_ *cobra.Command, args []string) error {
			f.settings = args
			return c.listRuns(f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.experiment, "experiment", "", "runs of the experiment `NAME`")
	flags.StringVar(&f.status, "status", "", "`STATUS`: finished, failed, interrupted or running")
	flags.StringSliceVar(&f.tags, "tag", nil, "runs with this `TAG`, any number")
	flags.StringArrayVar(&f.scores, "score", nil, "runs with this `SCORE`, like 'C2ST flow<0.7', any number")
	states := []cobra.Completion{string(run.Finished), string(run.Failed), string(run.Interrupted), string(run.Running)}
	if err := cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
	return cmd
}

// listRuns prints the runs that the filter lets through.
func (c *command) listRuns(f runFilter) error {
	if err := f.check(); err != nil {
		return usageError{err}
	}
	runs, broken, err := run.List(c.runs)
	if err != nil {
		return err
	}
	infos := []runInfo{}
	for _, m := range runs {
		if info := describeRun(m); f.lets(m, info) {
			infos = append(infos, info)
		}
	}
	var others []runInfo
	if !f.some() { // of a folder that cannot be read nobody knows whether the conditions hold
		if others, err = c.otherFolders(broken); err != nil {
			return err
		}
	}
	if c.json {
		return printJSON(c.out, append(infos, others...))
	}
	if err := c.printRuns(infos, f.conditions); err != nil {
		return err
	}
	for _, other := range others {
		if err := printLine(c.out, "%s: %s", other.Dir, other.Problem); err != nil {
			return err
		}
	}
	return nil
}
