package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// generateFrames writes captures and tables, or sends frames, or both.
func (c *command) generateFrames(ctx context.Context, runs []*run.Manifest, source *saved.Source, o *generateOptions, amount saved.Amount) error {
	g, err := o.overrides.apply(runs[0])
	if err != nil {
		return err
	}
	options := g.Framing(source.Uplinks())
	if err := o.overrides.checkLink(source); err != nil {
		return err
	}
	if o.iface != "" && options.Link != tcp.Semtech {
		return usageError{errors.New("generate: --interface sends Ethernet frames: want --link semtech, which puts uplinks into datagrams")}
	}
	framer, err := source.Framer(options, amount.Seed)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	packets, bytes := source.Estimate(amount)
	if err := output.Room(o.outs, packets, bytes); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	files, err := createFiles(o, options.Link, c)
	if err != nil {
		return err
	}
	result := &generateResult{Seed: amount.Seed}
	for _, m := range runs {
		result.Runs = append(result.Runs, m.Dir)
	}
	began := time.Now()
	shown := c.terminal().Progress()
	shown.Start("generate", int64(min(packets, math.MaxInt64/2)), "packets")
	frames := framer.Frames(source.Flows(ctx, amount))
	if o.iface != "" {
		err = c.replay(ctx, o, frames, files, shown.Set, result)
	} else {
		result.Packets, err = output.Write(ctx, frames, shown.Set, sinks(files)...)
	}
	shown.Done()
	for _, f := range files {
		err = errors.Join(err, f.Close())
		if f.Packets() > 0 {
			result.Files = append(result.Files, describeFile(f))
		}
	}
	result.Seconds = time.Since(began).Seconds()
	if err == nil && result.Packets == 0 {
		err = errors.New("no flow was drawn")
	}
	if err != nil {
		return c.endedEarly(files, err)
	}
	return c.printGenerated(result)
}
