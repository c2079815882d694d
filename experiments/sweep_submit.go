package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

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
	arrays, err := c.sweepArrays(s, f, points, queue)
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
	if err := s.Save(); err != nil {
		return err
	}
	if err := c.submit(ctx, arrays, after); err != nil {
		return fmt.Errorf("%w; sweep cancel %s takes back what was submitted", err, s.Ref())
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

// sweepArrays are the array that makes the stages which some of the points share, and the
// array of the points.
func (c *command) sweepArrays(s *sweep.Sweep, f sweepFlags, points []int, queue *sweepQueue) ([]slurm.Array, error) {
	runs, err := filepath.Abs(c.runs)
	if err != nil {
		return nil, err
	}
	arrays := make([]slurm.Array, 2)
	for i, kind := range []string{"shared", "point"} {
		if arrays[i], err = c.array(f.executor, "sweep-"+s.ID+"-"+kind, filepath.Join(s.Dir, slurmFolder)); err != nil {
			return nil, err
		}
		arrays[i].Args, arrays[i].Stop = []string{"sweep", kind, "--runs", runs, s.ID}, s.OnError == sweep.Stop
	}
	arrays[0].PerTask = 1
	for i, g := range s.Groups {
		if slices.ContainsFunc(g.Points, func(index int) bool { return slices.Contains(points, index) }) {
			if _, queued := queue.groups[i+1]; queued {
				continue
			}
			arrays[0].Items = append(arrays[0].Items, strconv.Itoa(i+1))
		}
	}
	for _, index := range points {
		arrays[1].Items = append(arrays[1].Items, strconv.Itoa(index))
	}
	return arrays, nil
}
