package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepSharedCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "shared SWEEP GROUP...",
		Short: "Make the stages that some points of a sweep share",
		Long: `Makes and stores the stages of groups, by their numbers from 1 on: stages that
several points of the sweep need. This is what a task of a cluster runs before
those that run points.`,
		Example:           "  go run ./experiments sweep shared 3f0c5d1e 1",
		Args:              arguments(2, -1, "a sweep and the numbers of groups of shared stages"),
		ValidArgsFunction: c.completeSweep,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sweepTask(args, func(s *sweep.Sweep, number int) error {
				if err := s.MakeShared(cmd.Context(), number, c.terminal()); err != nil {
					return err
				}
				g, err := s.Group(number)
				if err != nil {
					return err
				}
				return printLine(c.out, "%s", describeGroup(g))
			})
		},
	}
}
