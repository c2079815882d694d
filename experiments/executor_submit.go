package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/slurm"
)

// array returns an array of the flags and of [slurm] whose jobs have this name and whose
// folder is this one. What its tasks do is left open.
func (c *command) array(f executorFlags, name, folder string) (slurm.Array, error) {
	file, err := c.runner().Read()
	if err != nil {
		return slurm.Array{}, err
	}
	options, err := file.Slurm.Override(f.options...)
	if err != nil {
		return slurm.Array{}, usageError{err}
	}
	dir, err := os.Getwd()
	if err != nil {
		return slurm.Array{}, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return slurm.Array{}, err
	}
	return slurm.Array{Name: name, Folder: folder, Dir: dir, PerTask: f.perTask, Options: options}, nil
}

// submit submits arrays, the first one after the given jobs, each other one after the one
// before it. Arrays without items are left out. It prints the jobs.
func (c *command) submit(ctx context.Context, arrays []slurm.Array, after slurm.Dependency) error {
	cluster, err := slurm.Find(ctx)
	if err != nil {
		return err
	}
	var taken []string // ids of jobs
	for _, a := range arrays {
		if len(a.Items) == 0 {
			continue
		}
		jobs, err := cluster.Submit(ctx, a, after)
		for _, j := range jobs {
			err = errors.Join(err, printLine(c.out, "job %s: %s, %d tasks", j.ID, j.Array, len(j.Tasks)))
		}
		after.Jobs = slurm.IDs(jobs)
		taken = append(taken, after.Jobs...)
		if err != nil && len(taken) > 0 {
			err = fmt.Errorf("%w; scancel %s takes back what was submitted before", err, strings.Join(taken, " "))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
