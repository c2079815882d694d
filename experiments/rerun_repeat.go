package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// repeatable finds a run that can be run again, and its configuration.
func (c *command) repeatable(ref string, overrides []string) (*run.Manifest, config.Experiment, error) {
	first, err := run.Find(c.runs, ref)
	switch {
	case err != nil:
	case first.Status != run.Finished:
		err = fmt.Errorf("rerun: %s is %s: want a finished run", first.Dir, first.State())
	case len(first.Withheld) > 0:
		err = fmt.Errorf("rerun: %s was shared without the data that it has learnt from: want a whole run", first.Dir)
	}
	if err != nil {
		return nil, config.Experiment{}, err
	}
	e, err := first.Config.Override(overrides...) // checks what an older version may have written
	if err != nil {
		err = fmt.Errorf("rerun: %s: %w", first.Dir, err)
	}
	return first, e, err
}

// repeat runs a run again in a folder, prints what has become of its files, and returns how
// many are not what they were. What was interrupted in the folder goes on.
func (c *command) repeat(ctx context.Context, first *run.Manifest, e config.Experiment, overrides []string, folder string) (differing int, err error) {
	cache := filepath.Join(folder, ".cache")
	if earlier, err := run.LatestRun(folder, first.Experiment); err == nil && earlier.Status == run.Finished {
		if err := errors.Join(os.RemoveAll(filepath.Join(folder, first.Experiment)), os.RemoveAll(cache)); err != nil {
			return 0, fmt.Errorf("rerun: %w", err)
		}
	}
	p, err := c.runner().PrepareConfig(ctx, first.Experiment, slices.Concat(first.Overrides, overrides), e, store.Open(cache, nil))
	if err != nil {
		return 0, err
	}
	defer p.Close()
	r, err := p.Run(ctx, folder, run.Options{Out: c.terminal(), Source: run.ReadSource(ctx, ".")})
	if err != nil {
		return 0, err
	}
	again, err := run.Open(r.Dir())
	if err != nil {
		return 0, err
	}
	differing, err = c.printRepeated(first, again, p)
	if err == nil && differing > 0 {
		err = fmt.Errorf("rerun: %d files are not what they were: the second run is %s", differing, again.Dir)
	}
	return differing, err
}
