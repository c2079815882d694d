package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/saved"
)

// generateFrames writes captures and tables, or sends frames, or both. From is what the
// source was made of, and first the configuration that the options change.
func (c *command) generateFrames(ctx context.Context, from []string, first config.Experiment, source *saved.Source, o *generateOptions, amount saved.Amount) error {
	options, err := o.framing(first, source)
	if err != nil {
		return err
	}
	framer, err := source.Framer(options, amount.Seed)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	frames, err := c.mergeFrames(ctx, o, source, options.Hosts, options.Link, framer.Frames(source.Flows(ctx, amount)))
	if err != nil {
		return err
	}
	packets, bytes := source.Estimate(amount)
	if err := output.Room(o.outs, packets, bytes); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	files, err := createFiles(o, options.Link, c)
	if err != nil {
		return err
	}
	result := &generateResult{Runs: from, Seed: amount.Seed}
	began := time.Now()
	err = c.writeFrames(ctx, frames, packets, o, files, result)
	err = errors.Join(err, files.Close())
	for _, f := range files.All {
		if f.Written() > 0 {
			result.Files = append(result.Files, describeFile(f))
		}
	}
	if o.from.file != "" {
		result.Repairs = framer.Repairs()
	}
	result.Seconds = time.Since(began).Seconds()
	if err == nil && result.Packets == 0 {
		err = errors.New("no flow was drawn")
	}
	if err != nil {
		return c.endedEarly(files.All, err)
	}
	return c.printGenerated(result)
}

// writeFrames writes about so many frames to the files, and shows how far it is.
func (c *command) writeFrames(ctx context.Context, frames iter.Seq2[tcp.Frame, error], about float64, o *generateOptions, files *output.Files, result *generateResult) (err error) {
	shown := c.terminal().Progress()
	defer shown.Done()
	shown.Start("generate", int64(min(about, math.MaxInt64/2)), "packets")
	if o.iface != "" {
		return c.replay(ctx, o, frames, files, shown.Set, result)
	}
	result.Packets, err = output.Write(ctx, frames, shown.Set, files.Sinks()...)
	return err
}
