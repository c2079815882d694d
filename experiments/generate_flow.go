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

// generated says what generate has made.
type generated struct {
	Runs    []string  `json:"runs"`
	Packets int64     `json:"packets"`
	Seconds float64   `json:"seconds"`
	Seed    uint64    `json:"seed"`
	Files   []written `json:"files,omitempty"`
	Replay  *sent     `json:"replay,omitempty"`
}

// written is one file.
type written struct {
	Path    string   `json:"path"`
	Packets int64    `json:"packets"`
	Parts   []string `json:"parts,omitempty"` // of a split capture
}

// generate writes what the order says from the runs' models.
func (c *command) generate(ctx context.Context, refs []string, o *order) error {
	if err := o.check(len(refs)); err != nil {
		return err
	}
	runs := make([]*run.Manifest, len(refs))
	for i, ref := range refs {
		m, err := run.Find(c.runs, ref)
		if err != nil {
			return err
		}
		runs[i] = m
	}
	amount, err := c.amount(o, runs[0])
	if err != nil {
		return err
	}
	if o.level == aggregateLevel {
		return c.generateAggregate(ctx, runs[0], o, amount)
	}
	source, err := saved.Open(ctx, runs, c.backend, c.err)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := o.share(refs, source.Parts); err != nil {
		return err
	}
	switch {
	case o.level == packetLevel:
		return c.generatePackets(runs[0], source, o, amount)
	case o.necstgen != "":
		return c.generateNeCSTGen(ctx, runs, source, o, amount)
	}
	return c.generateFrames(ctx, runs, source, o, amount)
}

// generateFrames writes captures and tables, or sends frames, or both.
func (c *command) generateFrames(ctx context.Context, runs []*run.Manifest, source *saved.Source, o *order, amount saved.Amount) error {
	g, err := o.framing(runs[0])
	if err != nil {
		return err
	}
	options := g.Framing(source.Uplinks())
	if err := o.checkLink(source); err != nil {
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
	files, err := createAll(o, options.Link, c)
	if err != nil {
		return err
	}
	result := &generated{Seed: amount.Seed}
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
