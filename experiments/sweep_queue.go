package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// sweepQueue is what a cluster knows of a sweep.
type sweepQueue struct {
	jobs      []slurm.Job        // that were ever submitted
	tasks     []slurm.Task       // that are in the queue
	points    map[int]slurm.Task // those that run points, by the points' numbers
	groups    map[int]slurm.Task // those that make shared stages, by the groups' numbers
	submitted map[int]bool       // points that were ever submitted
}

// sweepQueue asks the cluster, if jobs of the sweep were submitted to one. What the files
// say of them comes with an error, too.
func (c *command) sweepQueue(ctx context.Context, m *sweep.Manifest) (*sweepQueue, error) {
	q := &sweepQueue{points: map[int]slurm.Task{}, groups: map[int]slurm.Task{}, submitted: map[int]bool{}}
	var err error
	if q.jobs, err = slurm.Jobs(m.SlurmDir()); err != nil || len(q.jobs) == 0 {
		return q, err
	}
	for _, j := range q.jobs {
		if !isShared(j) {
			for _, items := range j.Tasks {
				for _, index := range itemNumbers(items) {
					q.submitted[index] = true
				}
			}
		}
	}
	cluster, err := slurm.Find(ctx)
	if err != nil {
		return q, err
	}
	if q.tasks, err = cluster.Queue(ctx, q.jobs); err != nil {
		return q, err
	}
	for _, t := range q.tasks {
		for _, n := range itemNumbers(t.Items()) {
			if isShared(t.Job) {
				q.groups[n] = t
			} else {
				q.points[n] = t
			}
		}
	}
	return q, nil
}

// itemNumbers reads the items of a sweep's task.
func itemNumbers(items []string) (all []int) {
	for _, item := range items {
		if n, err := strconv.Atoi(item); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// isShared reports whether a job makes shared stages.
func isShared(j slurm.Job) bool { return strings.HasSuffix(j.Array, "-shared") }
