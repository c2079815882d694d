package main

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/shard"
	"github.com/necstgen/necstgen/experiments/slurm"
)

// submitShards has a cluster draw the shards that are not there, or prints how.
func (c *command) submitShards(ctx context.Context, source *saved.Source, r shard.Request, o *generateOptions) error {
	array, err := c.array(o.shards.executor, "generate-"+shard.Title(r.Outs[0]), shard.SlurmName(r.Outs[0], r.Count))
	if err != nil {
		return err
	}
	array.Args = append(append([]string{"generate"}, r.Runs...), o.shards.given...)
	for _, out := range r.Outs {
		array.Args = append(array.Args, "--out="+out)
	}
	array.Args = append(array.Args, fmt.Sprintf("--seed=%d", r.Amount.Seed))
	for i, p := range source.Parts {
		name := r.Runs[p.Run] // as the tasks call the run
		if p.Whole != nil {
			name = p.Traffic.Application.String()
		}
		if len(o.weights) > 0 {
			array.Args = append(array.Args, fmt.Sprintf("--share=%s=%v", name, r.Weights[i]))
		}
	}
	for i := range r.Count {
		if r.Missing([]int{i + 1}) > 0 {
			array.Items = append(array.Items, "--shard="+shard.Number{Index: i + 1, Count: r.Count}.String())
		}
	}
	if o.shards.dryRun {
		return c.printScripts(ctx, []slurm.Array{array}, slurm.Dependency{})
	}
	if _, err := shard.Open(ctx, source, r); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if len(array.Items) == 0 {
		c.say("every shard is there")
		return nil
	}
	return c.submit(ctx, []slurm.Array{array}, slurm.Dependency{})
}
