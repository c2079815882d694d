package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

// runSeeds runs an experiment with several seeds, as a sweep does, and prints how much its
// scores vary.
func (c *command) runSeeds(cmd *cobra.Command, name string, overrides []string, seeds int) error {
	for _, flag := range []string{"force", "from", "name", "tag", "note"} {
		if cmd.Flags().Changed(flag) {
			return usageError{fmt.Errorf("run: --seeds and --%s: want one of them: several runs cannot have one name, and sweep takes what is stored", flag)}
		}
	}
	s, err := sweep.New(c.runner(), name, overrides, sweep.Options{Seeds: seeds})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := c.planSweep(cmd.Context(), s, false); err != nil {
		return err
	}
	if err := c.runSweep(cmd.Context(), s, sweep.RunOptions{}); err != nil {
		return err
	}
	return c.reportSweep(s.Manifest, "")
}
