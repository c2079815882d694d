package main

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/drawn"
	"github.com/necstgen/necstgen/experiments/saved"
)

// fromOptions are the flags of generate that are of a file of generated packets.
type fromOptions struct {
	file, application, starts, columns string
}

// checkFrom is check for --from.
func (o *generateOptions) checkFrom(runs int, wrong func(string, ...any) error) error {
	switch {
	case runs > 0:
		return wrong("--from %s takes the place of runs: want one of both", o.from.file)
	case o.level != flowLevel || o.labels != "":
		return wrong("--level and --labels draw from a run: want them without --from")
	case len(o.weights) > 0:
		return wrong("--share is of several runs: want it without --from")
	case o.necstgen != "":
		return wrong("--necstgen writes what a run draws: %s is such a file already", o.from.file)
	case o.from.columns != "lstm" && o.from.columns != "vae":
		return wrong("--columns %q: want lstm or vae", o.from.columns)
	}
	return o.checkTargets(wrong)
}

// generateFrom writes the flows of a file of generated packets.
func (c *command) generateFrom(ctx context.Context, o *generateOptions) error {
	options := drawn.Options{Starts: o.from.starts, Flows: int(o.flows), Decoded: o.from.columns == "vae"}
	if o.from.application != "" {
		if err := options.Application.UnmarshalText([]byte(o.from.application)); err != nil {
			return usageError{fmt.Errorf("--application: %w", err)}
		}
	}
	part, damaged, err := drawn.Open(o.from.file, options)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if len(damaged) > 0 {
		c.warn(fmt.Errorf("%d damaged rows are left out, the first: %w", len(damaged), damaged[0]))
	}
	source, err := saved.New(part)
	if err != nil {
		return err
	}
	first := config.Default()
	first.Seed = 0 // a run's own seed is the one before the one that is drawn with
	amount, err := c.amount(o, first)
	if err != nil {
		return err
	}
	amount.Flows = int(part.Traffic.Flows) // --flows has bounded them
	if part.Traffic.Application == flow.LoRaWAN {
		first.Data.Application = flow.LoRaWAN
	}
	return c.generateFrames(ctx, []string{o.from.file}, first, source, o, amount)
}
