package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) compareCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Runs side by side: settings that differ, scores, training curves",
		Long: `Prints the settings in which runs differ, the scores that a run ends with, those
nearest to real traffic marked with *, and the losses with which their trainings
ended. With --out it writes compare.html and compare.md, which have every score,
and the page has the curves over each other.`,
		Example: "  go run ./experiments compare http-paper http\n" +
			"  go run ./experiments compare office quickstart/1a2b --out comparison",
		Args:              arguments(2, -1, "at least two of: "+wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return c.compare(args, out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "`FOLDER` for compare.html and compare.md")
	return cmd
}

// compare prints runs side by side and writes them as pages.
func (c *command) compare(refs []string, out string) error {
	var runs []*run.Manifest
	for i, ref := range refs {
		m, err := run.Find(c.runs, ref)
		if err != nil {
			return err
		}
		one := func(other *run.Manifest) bool { return other.Experiment == m.Experiment && other.ID == m.ID }
		if same := slices.IndexFunc(runs, one); same >= 0 {
			return usageError{fmt.Errorf("compare: %s and %s are one run, %s: want different ones", refs[same], refs[i], m.Dir)}
		}
		runs = append(runs, m)
	}
	compared, err := comparison.Compare(runs)
	if err != nil {
		return err
	}
	for _, text := range compared.Missing {
		c.terminal().Warn(text)
	}
	if out != "" {
		err = c.writePages(out, "compare", compared)
	}
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, compared)
	}
	return c.printComparison(compared)
}
