package main

import (
	"context"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// generate draws from the models of runs and writes what the options ask for.
func (c *command) generate(ctx context.Context, refs []string, o *generateOptions) error {
	if err := o.check(len(refs)); err != nil {
		return err
	}
	if o.from.file != "" {
		return c.generateFrom(ctx, o)
	}
	runs := make([]*run.Manifest, len(refs))
	for i, ref := range refs {
		m, err := run.Find(c.runs, ref)
		if err != nil {
			return err
		}
		runs[i] = m
	}
	amount, err := c.amount(o, runs[0].Config)
	if err != nil {
		return err
	}
	switch o.level {
	case aggregateLevel:
		return c.generateAggregate(ctx, runs[0], o, amount)
	case packetLevel:
		return c.generatePackets(ctx, runs[0], o, amount)
	}
	source, err := saved.Open(ctx, runs, c.backend, c.err)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := o.choose(source); err != nil {
		return err
	}
	if err := o.weights.weigh(namesOf(refs, source), source.Parts); err != nil {
		return err
	}
	if err := o.schedule(runs, source); err != nil {
		return err
	}
	if o.shards.wanted() {
		return c.generateShards(ctx, runs, source, o, amount)
	}
	if o.necstgen != "" {
		return c.generateNeCSTGen(ctx, runs, source, o, amount)
	}
	return c.generateFrames(ctx, folders(runs), runs[0].Config, source, o, amount)
}

// folders returns where runs lie.
func folders(runs []*run.Manifest) []string {
	dirs := make([]string, len(runs))
	for i, m := range runs {
		dirs[i] = m.Dir
	}
	return dirs
}
