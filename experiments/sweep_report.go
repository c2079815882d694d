package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepReportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "report [SWEEP]",
		Short: "Scores of a sweep: mean and deviation over seeds, the best point",
		Long: `Prints, for each combination of values other than the seed, the mean, the standard
deviation, the least and the greatest value over seeds of each score that a run
ends with, and what real traffic scores against real traffic. Means nearest to real
traffic are marked with *. The best point is named, with the rule and the command
that runs it alone. With --out it writes sweep.html and sweep.md; the page plots
scores against each swept key. Without a name it is the sweep started last.`,
		Example: "  go run ./experiments sweep report\n" +
			"  go run ./experiments sweep report 3f0c5d1e --out sweep-lstm",
		Args:              arguments(0, 1, wantedSweep),
		ValidArgsFunction: c.completeSweep,
		RunE:              c.ofSweep(func(_ context.Context, m *sweep.Manifest) error { return c.reportSweep(m, out) }),
	}
	cmd.Flags().StringVar(&out, "out", "", "`FOLDER` for sweep.html and sweep.md")
	return cmd
}

// reportSweep prints what a sweep has scored and writes it as pages.
func (c *command) reportSweep(m *sweep.Manifest, out string) error {
	r, err := sweep.Summarize(m)
	if err != nil {
		return err
	}
	for _, text := range r.Missing {
		c.terminal().Warn(text)
	}
	if out != "" {
		if err := c.writePages(out, "sweep", r); err != nil {
			return err
		}
	}
	if c.json {
		return printJSON(c.out, r)
	}
	return c.printSweepReport(r)
}
