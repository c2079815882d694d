package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// generateAggregate writes the packets and starts of flows.
func (c *command) generateAggregate(ctx context.Context, m *run.Manifest, o *generateOptions, a saved.Amount) error {
	level, start, err := saved.OpenAggregate(m)
	if err != nil {
		return err
	}
	if a.Start == 0 {
		a.Start = start
	}
	rows := level.Draw(ctx, generator.Request{Flows: a.Flows, Duration: a.Duration, RateFactor: a.RateFactor, Seed: a.Seed, Start: a.Start})
	return c.writeRows(o.outs[0], saved.AggregateColumns(), "flows", saved.AggregateRows(rows))
}

// writeRows writes a table of numbers and prints how many rows it has, unless it goes to
// the standard output. unit is what a row is of.
func (c *command) writeRows(path string, columns []string, unit string, rows iter.Seq2[[]float64, error]) error {
	n, err := output.WriteRows(path, columns, rows, c.out)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	switch {
	case path == output.Standard:
		return nil
	case c.json:
		return printJSON(c.out, map[string]any{"path": path, unit: n})
	}
	return printLine(c.out, "%s: %s %s", path, output.Thousands(n), unit)
}
