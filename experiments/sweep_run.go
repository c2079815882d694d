package main

import (
	"context"
	"fmt"
	"time"

	"github.com/necstgen/necstgen/experiments/sweep"
)

// sweep plans a sweep and runs it.
func (c *command) sweep(ctx context.Context, name string, assignments []string, f sweepFlags) error {
	s, err := c.newSweep(name, assignments, f)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := c.planSweep(ctx, s, f.dryRun); err != nil {
		return err
	}
	if f.executor.name == "slurm" {
		return c.submitSweep(ctx, s, f)
	}
	if f.dryRun {
		return nil
	}
	if err := c.runSweep(ctx, s, f.RunOptions); err != nil {
		return err
	}
	if c.json {
		return c.printSweepStatus(ctx, s.Manifest)
	}
	return printLine(c.out, "sweep: %s", s.Dir)
}

// newSweep checks what is asked for.
func (c *command) newSweep(name string, assignments []string, f sweepFlags) (*sweep.Sweep, error) {
	if f.Jobs < 1 {
		return nil, usageError{fmt.Errorf("sweep: --jobs %d: want at least 1", f.Jobs)}
	}
	if err := f.executor.check(f.Jobs); err != nil {
		return nil, err
	}
	return sweep.New(c.runner(), name, assignments, f.Options)
}

// planSweep plans a sweep and prints the plan, as JSON only where that is all.
func (c *command) planSweep(ctx context.Context, s *sweep.Sweep, all bool) error {
	plan, err := s.Plan(ctx)
	switch {
	case err != nil:
		return err
	case all && c.json:
		return printJSON(c.out, plan)
	case all || !c.quiet && !c.json:
		return c.printSweepPlan(plan)
	}
	return nil
}

// runSweep runs what a planned sweep lacks and says each end.
func (c *command) runSweep(ctx context.Context, s *sweep.Sweep, o sweep.RunOptions) error {
	if err := s.Save(); err != nil {
		return err
	}
	said := &sweepEvents{c: c, terminal: c.terminal(), began: time.Now()}
	err := s.Run(ctx, o, said.observe)
	said.end()
	if err == nil && said.total == 0 {
		c.terminal().Printf("no point has failed or was interrupted\n")
	}
	return err
}
