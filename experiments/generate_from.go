package main

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/drawn"
	"github.com/necstgen/necstgen/experiments/saved"
)

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
		first.Data.Application = flow.Applications{flow.LoRaWAN}
	}
	return c.generateFrames(ctx, []string{o.from.file}, first, source, o, amount)
}
