package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// analysedSides reads what is to be analysed: a run, or files of which the first is
// real. Of files, apps are the applications that are compared, none for any.
func (c *command) analysedSides(ctx context.Context, args []string, apps flow.Applications) (title string, real analysis.Side, generated []analysis.Side, err error) {
	if len(args) == 1 {
		title, real, generated, err = c.runSides(args[0])
		return title, real, generated, err
	}
	options := evaluate.Options{Real: args[0], Applications: apps, Open: c.openTrace, Warn: c.warn}
	names := make([]string, len(args)-1)
	files := make([]string, len(args)-1)
	for i, arg := range args[1:] {
		names[i], files[i] = named(arg)
	}
	if options.Synthetic = files[0]; len(files) == 1 && files[0] == args[1] {
		names[0] = "synthetic"
	}
	real, generated, err = evaluate.Sides(ctx, options, files[1:]...)
	if err != nil {
		return "", real, nil, err
	}
	real.Name = "real"
	for i := range generated {
		generated[i].Name = names[i]
	}
	return fmt.Sprintf("%s and %s", filepath.Base(args[0]), strings.Join(names, ", ")), real, generated, nil
}

// named splits NAME=FILE. What is a file as a whole is called by its base name.
func named(arg string) (name, file string) {
	if _, err := os.Stat(arg); err != nil {
		if before, after, ok := strings.Cut(arg, "="); ok {
			return before, after
		}
	}
	base := filepath.Base(arg)
	return strings.TrimSuffix(base, filepath.Ext(base)), arg
}

// runSides reads the sides of a run.
func (c *command) runSides(ref string) (title string, real analysis.Side, generated []analysis.Side, err error) {
	m, err := run.Find(c.runs, ref)
	if err != nil {
		if _, missing := os.Stat(ref); !errors.Is(missing, fs.ErrNotExist) {
			err = fmt.Errorf("%w; a file is compared with another one: want two", err)
		}
		return "", real, nil, err
	}
	data := report.Load(m)
	for _, name := range []string{report.TrainingName, report.HeldOutName, report.GeneratedName} {
		if err := m.Check(name); err != nil {
			return "", real, nil, err
		}
	}
	if err := data.ReadLabels(); err != nil {
		return "", real, nil, err
	}
	real, generated = data.Sides()
	return m.Experiment + ", run " + m.ID, real, generated, nil
}
