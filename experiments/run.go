package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run NAME [key=value...]",
		Short: "Learn a capture, generate another one, score it and write a report",
		Example: "  go run ./experiments run quickstart\n" +
			"  go run ./experiments run http generator=markov seed=2\n" +
			"  go run ./experiments run capture data.path=my.pcap data.application=SMTP",
		Args: arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args[0], c.overrides(cmd, args[1:]))
		},
	}
}

// run runs one experiment to its end.
func (c *command) run(ctx context.Context, name string, overrides []string) error {
	e, err := c.experiment(name, overrides)
	if err != nil {
		return err
	}
	input, err := digestData(ctx, e.Data)
	if err != nil {
		return err
	}
	spec := run.Spec{Experiment: name, Overrides: overrides, Config: e, Inputs: []run.Input{input}}
	out := c.terminal()
	r, err := run.Start(c.runs, spec, run.Options{Out: out, Source: run.ReadSource(ctx, ".")})
	if err != nil {
		return err
	}
	err = c.pipeline(ctx, r, out)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Canceled, err)
	}
	if err := r.Finish(err); err != nil {
		return err
	}
	if c.json {
		return c.printRun(r.Dir())
	}
	_, err = fmt.Fprintf(c.out, "run: %s\n", r.Dir())
	return err
}

// experiment resolves an experiment and says what the overrides change.
func (c *command) experiment(name string, overrides []string) (config.Experiment, error) {
	file, err := c.readFile()
	if err != nil {
		return config.Experiment{}, err
	}
	base, err := file.Experiment(name)
	if err != nil {
		return config.Experiment{}, usageError{err}
	}
	e, err := base.Override(overrides...)
	if err != nil {
		return config.Experiment{}, usageError{err}
	}
	out := c.terminal()
	for _, key := range config.Keys() {
		before, err1 := base.Value(key)
		after, err2 := e.Value(key)
		if errors.Join(err1, err2) == nil && before != after {
			out.Printf("%s = %s%s\n", key, after, was(before))
		}
	}
	return e, nil
}

// was is what an override replaces, in brackets.
func was(before string) string {
	if before == "" {
		return ""
	}
	return " (was " + before + ")"
}

// printRun prints a run's manifest as JSON.
func (c *command) printRun(dir string) error {
	m, err := run.Open(dir)
	if err != nil {
		return err
	}
	return printJSON(c.out, struct {
		Dir string `json:"run"`
		*run.Manifest
	}{dir, m})
}
