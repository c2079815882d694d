package main

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// generateNeCSTGen writes NeCSTGen's output files, of each run its own.
func (c *command) generateNeCSTGen(ctx context.Context, runs []*run.Manifest, source *saved.Source, o *generateOptions, a saved.Amount) error {
	var all []string
	for _, part := range source.Parts {
		one, err := saved.New(part)
		if err != nil {
			return err
		}
		t, e := part.Traffic, runs[part.Run].Config
		files := output.NeCSTGen{Application: output.ApplicationName(t.Application, e.Features.Variant, e.Data.Port),
			Connected: t.Protocol == flow.TCP, NoFlow: t.Segment > 0, Uplinks: t.Uplinks}
		names, err := files.Write(o.necstgen, one.Flows(ctx, a))
		if err != nil {
			return fmt.Errorf("generate: %w", err)
		}
		all = append(all, names...)
	}
	if c.json {
		return printJSON(c.out, map[string]any{"files": all, "seed": a.Seed})
	}
	for _, name := range all {
		if err := printLine(c.out, "%s", name); err != nil {
			return err
		}
	}
	return nil
}
