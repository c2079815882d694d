package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "All sweeps, the one that was started last first",
		Example: "  go run ./experiments sweep list",
		Args:    arguments(0, 0, "no argument"),
		RunE:    func(*cobra.Command, []string) error { return c.listSweeps() },
	}
}

// listSweeps prints the sweeps that can be read, and then an error for the others.
func (c *command) listSweeps() error {
	all, unreadable := sweep.List(c.runs)
	if c.json {
		if err := printJSON(c.out, append([]*sweep.Manifest{}, all...)); err != nil { // [], not null
			return err
		}
		return unreadable
	}
	var rows [][]string
	for _, m := range all {
		states, err := m.Status()
		if err != nil {
			return err
		}
		row := []string{m.ID, cmp.Or(m.Name, "-"), m.Experiment, strconv.Itoa(m.Len())}
		for _, status := range []run.Status{run.Finished, run.Failed, run.Running} {
			row = append(row, strconv.Itoa(countStates(states, status)))
		}
		var axes []string
		for _, a := range m.Axes {
			axes = append(axes, a.Key)
		}
		rows = append(rows, append(row, m.Started.Local().Format("2006-01-02 15:04"), strings.Join(axes, " ")))
	}
	if err := printTable(c.out, []string{"SWEEP", "NAME", "EXPERIMENT", "POINTS", "FINISHED", "FAILED", "RUNNING", "STARTED", "OVER"}, rows); err != nil {
		return err
	}
	return unreadable
}

// countStates counts the points of a status.
func countStates(states []sweep.State, status run.Status) (n int) {
	for _, s := range states {
		if s.Status == status {
			n++
		}
	}
	return n
}
