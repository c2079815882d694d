package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/store"
)

// repetition says which stages are made again although they are stored.
type repetition struct {
	force bool   // all
	from  string // this one and what depends on it; "": none
}

// prepare makes an experiment ready to be planned or run.
func (c *command) prepare(ctx context.Context, name string, overrides []string, repeat repetition) (*pipeline.Prepared, error) {
	if repeat.force && repeat.from != "" {
		return nil, usageError{errors.New("--force and --from: want one of them")}
	}
	e, err := c.experiment(name, overrides)
	if err != nil {
		return nil, err
	}
	p, err := c.prepareConfig(ctx, name, overrides, e, c.store())
	if err != nil {
		return nil, err
	}
	if p.Job.Again, err = repeat.stages(p.Job); err != nil {
		p.Close()
		return nil, usageError{fmt.Errorf("--from: %w", err)}
	}
	return p, nil
}

// prepareConfig makes a resolved configuration ready to be planned or run.
func (c *command) prepareConfig(ctx context.Context, name string, overrides []string, e config.Experiment, s *store.Store) (*pipeline.Prepared, error) {
	shown := c.terminal().Progress()
	defer shown.Done()
	return pipeline.Prepare(ctx, name, overrides, e, pipeline.Options{Store: s, Out: c.err,
		Progress: func(r io.Reader, bytes int64) io.Reader {
			shown.Start("digest", bytes, "bytes")
			return &progressReader{r: r, shown: shown.Set}
		}})
}

// stages returns the names of the stages to make again.
func (r repetition) stages(j *executor.Job) ([]string, error) {
	if r.from != "" {
		return executor.From(j.Graph, r.from)
	}
	var names []string
	if r.force {
		for _, s := range j.Graph.Stages {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

// store returns where stages keep what they have made: a folder beside the runs.
func (c *command) store() *store.Store { return store.Open(filepath.Join(c.runs, ".cache"), nil) }
