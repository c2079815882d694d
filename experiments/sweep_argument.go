package main

import (
	"context"
	"strings"

	"github.com/necstgen/necstgen/experiments/sweep"
	"github.com/spf13/cobra"
)

// wantedSweep says which argument names a sweep.
const wantedSweep = "at most one sweep: a name, the first letters of an id, or its folder"

// ofSweep makes a command of what is done with the sweep that its argument names: without
// one, the sweep that was started last.
func (c *command) ofSweep(do func(ctx context.Context, m *sweep.Manifest) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		m, err := sweep.Find(c.runs, strings.Join(args, ""))
		if err != nil {
			return err
		}
		return do(cmd.Context(), m)
	}
}
