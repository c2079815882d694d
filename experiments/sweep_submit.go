package main

import (
	"context"
	"slices"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// submitSweep has a cluster run what a planned sweep lacks and what is not in the queue
// already, or prints the scripts that would do so.
func (c *command) submitSweep(ctx context.Context, s *sweep.Sweep, f sweepFlags) error {
	queue, err := c.sweepQueue(ctx, s.Manifest)
	if err != nil && !f.dryRun {
		return err
	}
	points, err := pointsToSubmit(s.Manifest, queue, f.Failed)
	if err != nil {
		return err
	}
	arrays, err := c.sweepArrays(ctx, s, f, points, queue)
	if err != nil {
		return err
	}
	after := slurm.Dependency{Failed: s.OnError == sweep.Continue}
	for _, t := range queue.groups {
		after.Jobs = append(after.Jobs, t.Job.ID)
	}
	slices.Sort(after.Jobs)
	after.Jobs = slices.Compact(after.Jobs)
	if f.dryRun {
		if c.json { // the plan is printed, and there is one document
			return nil
		}
		return c.printScripts(ctx, arrays, after)
	}
	if len(points) == 0 {
		c.say("every point has finished, or is in the queue")
		return printLine(c.out, "sweep: %s", s.Dir)
	}
	if _, err := slurm.Find(ctx); err != nil { // before anything is written
		return err
	}
	if err := s.Save(); err != nil {
		return err
	}
	if err := c.submit(ctx, arrays, after); err != nil {
		return err
	}
	return printLine(c.out, "sweep: %s", s.Dir)
}

// pointsToSubmit returns the numbers of points that have not finished and are not in the
// queue. Failed leaves out those that nobody has tried, unless they were submitted.
func pointsToSubmit(m *sweep.Manifest, queue *sweepQueue, failed bool) (points []int, err error) {
	states, err := m.Status()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		_, queued := queue.points[s.Index]
		tried := s.Status != sweep.Waiting || queue.submitted[s.Index]
		if s.Status != run.Finished && s.Status != run.Running && !queued && (tried || !failed) {
			points = append(points, s.Index)
		}
	}
	return points, nil
}
