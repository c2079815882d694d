package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepWaitCommand() *cobra.Command {
	every := durationFlag(10 * time.Second)
	cmd := &cobra.Command{
		Use:   "wait [SWEEP]",
		Short: "Wait until no point of a sweep runs or is to run",
		Long: `Waits for a sweep, for the one that was started last if none is named, and says
what changes. It ends when no point is running and none is in the queue of a
cluster: with exit code 0 if all have finished, else with 1.`,
		Example:           "  go run ./experiments sweep wait",
		Args:              arguments(0, 1, wantedSweep),
		ValidArgsFunction: c.completeSweep,
		RunE:              c.ofSweep(func(ctx context.Context, m *sweep.Manifest) error { return c.waitSweep(ctx, m, time.Duration(every)) }),
	}
	cmd.Flags().Var(&every, "every", "look again after so much `TIME`")
	return cmd
}

// waitSweep looks at a sweep again and again, and prints what has changed.
func (c *command) waitSweep(ctx context.Context, m *sweep.Manifest, every time.Duration) error {
	said := ""
	for {
		queue, unknown := c.sweepQueue(ctx, m) // first: what is in it no more has written how it ended
		if ctx.Err() != nil {
			return context.Canceled
		}
		states, err := m.Status()
		if err != nil {
			return err
		}
		for i, s := range states {
			states[i].Status, _ = queue.status(m, s)
		}
		text := queue.count(states)
		if unknown != nil {
			text += fmt.Sprintf("; what is in the queue is unknown: %v", unknown)
		}
		if text != said {
			c.terminal().Printf("%s  %s\n", time.Now().Format("15:04:05"), text)
			said = text
		}
		if unknown == nil && len(queue.tasks) == 0 && countStates(states, run.Running) == 0 {
			return c.endOfSweep(m, queue, states)
		}
		select {
		case <-ctx.Done():
			return context.Canceled
		case <-time.After(every):
		}
	}
}
