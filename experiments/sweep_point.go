package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

func (c *command) sweepPointCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "point SWEEP INDEX...",
		Short: "Run some points of a sweep, by their numbers",
		Long: `Runs points of a sweep that is there, from 1 on, one after the other, and keeps how
they went in the sweep's folder. This is what a task of a cluster runs. A point
that another process runs is waited for.`,
		Example:           "  go run ./experiments sweep point 3f0c5d1e 1 2 3",
		Args:              arguments(2, -1, "a sweep and the numbers of points"),
		ValidArgsFunction: c.completeSweep,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.sweepTask(args, func(s *sweep.Sweep, index int) error {
				return c.sweepPoint(cmd.Context(), s, index)
			})
		},
	}
}

// sweepPoint runs one point.
func (c *command) sweepPoint(ctx context.Context, s *sweep.Sweep, index int) error {
	state, err := s.RunPoint(ctx, index, c.terminal())
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", state.Point, err)
	}
	if err != nil {
		return err
	}
	return printLine(c.out, "%s", c.describePoint(state))
}

// sweepTask calls do for the numbers behind the name of a sweep. When one fails, the
// others are left alone unless the sweep is to continue.
func (c *command) sweepTask(args []string, do func(s *sweep.Sweep, number int) error) error {
	var numbers []int
	for _, arg := range args[1:] {
		n, err := strconv.Atoi(arg)
		if err != nil {
			return usageError{fmt.Errorf("sweep: %q: want a whole number", arg)}
		}
		numbers = append(numbers, n)
	}
	s, err := sweep.Open(c.runner(), args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	var problems []error
	for _, n := range numbers {
		err := do(s, n)
		problems = append(problems, err)
		if err != nil && (s.OnError != sweep.Continue || errors.Is(err, context.Canceled)) {
			break
		}
	}
	return errors.Join(problems...)
}
