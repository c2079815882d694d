package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/experiments/reproduction"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

// reproduce runs the experiments of a set and compares them with what was published. A
// run that fails leaves a gap and its reason; the end of ctx is an error.
func (c *command) reproduce(ctx context.Context, set reproduction.Set, overrides []string) (*reproduction.Result, error) {
	files, err := new(catalog.Catalog).Published(set.Data)
	if err != nil {
		return nil, err
	}
	input := files.Raw
	if set.Level == reproduction.Starts {
		input = files.RawFlows
	}
	if input == "" {
		why := fmt.Sprintf("%s was not fetched: %s data fetch %s", set.Data, run.Program(), set.Data)
		c.say(set.Name + ": " + why)
		return &reproduction.Result{Set: set, Why: why}, nil
	}
	s := reproduction.Sources{Files: files, Open: c.openTrace, Warn: c.warn}
	var failed []string
	for _, one := range []struct {
		name string
		to   **run.Manifest
	}{{set.Paper, &s.Paper}, {set.Sampled, &s.Sampled}} {
		c.say(one.name)
		m, _, err := c.runner().Finish(ctx, one.name, overrides, runner.Repetition{}, run.Annotation{})
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s has failed: %v", one.name, err))
			c.say(failed[len(failed)-1])
			continue
		}
		*one.to = m
	}
	r, err := reproduction.Compare(ctx, set, s)
	if err != nil {
		return nil, err
	}
	r.Why, r.Failed = strings.Join(failed, "; "), len(failed) > 0
	return r, nil
}

// writePaper writes the page and the table, and prints where they are. A set of which a
// run has failed makes the command fail in the end.
func (c *command) writePaper(dir string, results []*reproduction.Result) error {
	if err := reproduction.Write(dir, results); err != nil {
		return err
	}
	var failed []error
	for _, r := range results {
		if r.Failed {
			failed = append(failed, errors.New(r.Why))
		}
	}
	for _, name := range []string{reproduction.PageName, reproduction.TableName} {
		if err := printLine(c.out, "%s", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}
