package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status [SWEEP]",
		Short: "How far the points of a sweep are",
		Long: `Prints each point of a sweep, of the one that was started last if none is named:
its values, its status, how long it took and where, and its run or why it failed.
All of it is read from files: it does not matter who runs the sweep. Of one that a
cluster runs the queue is asked, too: which points wait there, and why.`,
		Example:           "  go run ./experiments sweep status",
		Args:              arguments(0, 1, wantedSweep),
		ValidArgsFunction: c.completeSweep,
		RunE:              c.ofSweep(func(ctx context.Context, m *sweep.Manifest) error { return c.printSweepStatus(ctx, m) }),
	}
}

// printSweepStatus prints how far each point is, and how many there are of each status.
func (c *command) printSweepStatus(ctx context.Context, m *sweep.Manifest) error {
	queue, unknown := c.sweepQueue(ctx, m) // first: what is in it no more has written how it ended
	states, err := m.Status()
	if err != nil {
		return err
	}
	details := make([]string, len(states))
	for i, s := range states {
		states[i].Status, details[i] = queue.status(m, s)
	}
	if c.json {
		return printJSON(c.out, struct {
			Dir string `json:"sweep"`
			*sweep.Manifest
			Points []sweep.State `json:"points"`
			Queue  []queuedTask  `json:"queue,omitempty"`
		}{m.Dir, m, states, queue.describe()})
	}
	heads := []string{"POINT"}
	for _, a := range m.Axes {
		heads = append(heads, a.Key)
	}
	heads = append(heads, "STATUS", "TOOK", "HOST", "")
	var rows [][]string
	for i, s := range states {
		row := []string{strconv.Itoa(s.Index)}
		for _, assignment := range s.Assignments {
			_, value, _ := strings.Cut(assignment, "=")
			row = append(row, value)
		}
		took := "-"
		if s.Seconds > 0 {
			took = run.Seconds(s.Seconds)
		}
		row = append(row, string(s.Status), took, s.Host, details[i])
		rows = append(rows, row)
	}
	if err := printTable(c.out, heads, rows); err != nil {
		return err
	}
	if unknown != nil {
		if err := printLine(c.out, "what is in the queue is unknown: %v", unknown); err != nil {
			return err
		}
	}
	return printLine(c.out, "sweep %s of %s: %d points, %s", m.Ref(), m.Experiment, m.Len(), queue.count(states))
}
