package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/runner"
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

// runner returns what runs experiments as the global flags say.
func (c *command) runner() *runner.Runner {
	return &runner.Runner{File: c.file, Runs: c.runs, Terminal: c.terminal(), Messages: c.err}
}
