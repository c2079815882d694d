package main

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// sweepArrays are the array that makes the stages which some of the points share and
// which are not stored, and the array of the points.
func (c *command) sweepArrays(ctx context.Context, s *sweep.Sweep, f sweepFlags, points []int, queue *sweepQueue) ([]slurm.Array, error) {
	runs, err := filepath.Abs(c.runs)
	if err != nil {
		return nil, err
	}
	arrays := make([]slurm.Array, 2)
	for i, kind := range []string{"shared", "point"} {
		if arrays[i], err = c.array(f.executor, "sweep-"+s.ID+"-"+kind, s.SlurmDir()); err != nil {
			return nil, err
		}
		arrays[i].Args, arrays[i].Stop = []string{"sweep", kind, "--runs", runs, s.ID}, s.OnError == sweep.Stop
	}
	arrays[0].PerTask = 1
	for i, g := range s.Groups {
		_, queued := queue.groups[i+1]
		if queued || !slices.ContainsFunc(g.Points, func(index int) bool { return slices.Contains(points, index) }) {
			continue
		}
		made, err := s.Made(ctx, i+1)
		if err != nil {
			return nil, err
		}
		if !made {
			arrays[0].Items = append(arrays[0].Items, strconv.Itoa(i+1))
		}
	}
	for _, index := range points {
		arrays[1].Items = append(arrays[1].Items, strconv.Itoa(index))
	}
	return arrays, nil
}
