package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/shard"
)

// generateShards draws the shards that are asked for and are not there, or has a cluster
// draw them.
func (c *command) generateShards(ctx context.Context, runs []*run.Manifest, source *saved.Source, o *generateOptions, amount saved.Amount) error {
	g, err := o.overrides.apply(runs[0].Config)
	if err != nil {
		return err
	}
	options, err := o.framing(runs[0].Config, source)
	if err != nil {
		return err
	}
	numbers, count := o.shards.numbers()
	request := shard.Request{Outs: o.outs, Count: count, Amount: amount, Only: o.only, Follow: o.follow, FlowsFrom: o.flowsFrom, Generate: g}
	for _, m := range runs {
		dir, err := filepath.Abs(m.Dir)
		if err != nil {
			return err
		}
		request.Runs = append(request.Runs, dir)
	}
	for _, p := range source.Parts {
		request.Weights = append(request.Weights, p.Weight)
	}
	if o.shards.executor.name == "slurm" {
		return c.submitShards(ctx, source, request, o)
	}
	plan, err := shard.Open(ctx, source, request)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	packets, bytes := source.Estimate(amount)
	part := float64(plan.Missing(numbers)) / float64(count)
	if err := output.Room(o.outs, packets*part, bytes*part); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return c.drawShards(ctx, &shard.Drawing{Source: source, Plan: plan, Options: options, Jobs: o.shards.jobs}, numbers, packets*part)
}

// drawShards draws about so many packets and prints each shard when it is there.
func (c *command) drawShards(ctx context.Context, d *shard.Drawing, numbers []int, packets float64) error {
	said, shown := shardsSaid{c: c, began: time.Now()}, c.terminal().Progress()
	shown.Start("generate", int64(min(packets, math.MaxInt64/2)), "packets")
	d.Shown, d.Done = shown.Set, said.done
	err := d.Run(ctx, numbers)
	shown.Done()
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return said.end(d.Plan)
}
