package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel [SWEEP]",
		Short: "Take the jobs of a sweep out of the queue of its cluster",
		Long: `Cancels the jobs of a sweep, of the one that was started last if none is named.
Points that are running store what they have; sweep ... --executor slurm goes on
from there. A sweep that this machine runs is ended with Ctrl-C instead.`,
		Example:           "  go run ./experiments sweep cancel",
		Args:              arguments(0, 1, wantedSweep),
		ValidArgsFunction: c.completeSweep,
		RunE:              c.ofSweep(func(ctx context.Context, m *sweep.Manifest) error { return c.cancelSweep(ctx, m) }),
	}
}

// cancelSweep cancels the jobs of a sweep that are in the queue, and prints them.
func (c *command) cancelSweep(ctx context.Context, m *sweep.Manifest) error {
	queue, err := c.sweepQueue(ctx, m)
	if err != nil {
		return err
	}
	var jobs []slurm.Job
	for _, t := range queue.tasks {
		if n := len(jobs); n == 0 || jobs[n-1].ID != t.Job.ID {
			jobs = append(jobs, t.Job)
		}
	}
	if len(jobs) == 0 {
		return fmt.Errorf("sweep %s: no job of it is in the queue of a cluster", m.Ref())
	}
	cluster, err := slurm.Find(ctx)
	if err == nil {
		err = cluster.Cancel(ctx, jobs)
	}
	if err != nil {
		return err
	}
	return printLine(c.out, "cancelled: job %s", strings.Join(slurm.IDs(jobs), ", "))
}
