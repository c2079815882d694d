package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/pipeline"
)

// overrides returns the assignments of the command line. Those of flags come last,
// so that they win.
func (c *command) overrides(cmd *cobra.Command, assignments []string) []string {
	if cmd.Flags().Changed("seed") {
		assignments = append(assignments, "seed="+c.seed)
	}
	if cmd.Flags().Changed("backend") {
		assignments = append(assignments, "backend="+c.backend)
	}
	return assignments
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
	if err == nil {
		err = pipeline.CheckKeys(e, overrides)
	}
	if err != nil {
		return config.Experiment{}, usageError{err}
	}
	c.printChanges(base, e)
	return e, nil
}

// printChanges prints a line for each key whose value an override changed.
func (c *command) printChanges(base, changed config.Experiment) {
	out := c.terminal()
	for _, key := range config.Keys() {
		before, err1 := base.Value(key)
		after, err2 := changed.Value(key)
		switch {
		case errors.Join(err1, err2) != nil || before == after:
		case before == "":
			out.Printf("%s = %s\n", key, after)
		default:
			out.Printf("%s = %s (was %s)\n", key, after, before)
		}
	}
}
