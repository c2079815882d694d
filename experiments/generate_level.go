package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// generatePackets writes the features of packets drawn from labels.
func (c *command) generatePackets(m *run.Manifest, source *saved.Source, o *order, a saved.Amount) error {
	level, ok := source.Parts[0].Generator.(generator.PacketLevel)
	if !ok {
		return fmt.Errorf("generate: %s: its generator, %s, has no packet level: want a run with generator=sampled or generator=paper", m.Dir, m.Config.Generator)
	}
	src := rand.NewPCG(a.Seed, 2)
	labels, err := labelsOf(level, o, src)
	if err != nil {
		return err
	}
	if a.Start == 0 {
		a.Start = source.Parts[0].Traffic.Start
	}
	drawn, err := level.Packets(labels, a.Start, src)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	names := append([]string{"label"}, drawn.Columns...)
	return c.writeRows(o.outs[0], names, "packets", func(yield func([]float64, error) bool) {
		row := make([]float64, len(names))
		for i, label := range drawn.Labels {
			row[0] = float64(label)
			copy(row[1:], drawn.Rows.RawRowView(i))
			if !yield(row, nil) {
				return
			}
		}
	})
}

// labelsOf are the labels to draw from: of training, of the chain, or a file's.
func labelsOf(level generator.PacketLevel, o *order, src rand.Source) ([]int, error) {
	switch o.labels {
	case "chain":
		return level.ChainLabels(int(o.packets), src)
	case "observed":
		labels := level.ObservedLabels()
		if o.packets == 0 {
			return labels, nil
		}
		if int(o.packets) > len(labels) {
			return nil, fmt.Errorf("generate: --packets %d: training had %s labels: ask for less, or for --labels chain", o.packets, output.Thousands(int64(len(labels))))
		}
		return labels[:o.packets], nil
	}
	return labelsIn(o.labels, level.LabelCount(), int(o.packets))
}

// labelsIn reads a file of labels, the first most of them (0: all).
func labelsIn(path string, count, most int) ([]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("generate: --labels: %w (want observed, chain, or a file of labels)", err)
	}
	labels, err := generator.ReadLabels(bytes.NewReader(text), path)
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		if label >= count {
			return nil, fmt.Errorf("generate: %s:%d: label %d: want 0 to %d", path, lineOf(text, path, i), label, count-1)
		}
	}
	if most > 0 {
		labels = labels[:min(len(labels), most)]
	}
	return labels, nil
}

// lineOf is the line of the n-th label, from 0.
func lineOf(text []byte, path string, n int) int {
	line := 0
	for part := range bytes.Lines(text) {
		line++
		labels, _ := generator.ReadLabels(bytes.NewReader(part), path) // none is an error, and no label
		if n -= len(labels); n < 0 {
			break
		}
	}
	return line
}

// generateAggregate writes the packets and starts of flows.
func (c *command) generateAggregate(ctx context.Context, m *run.Manifest, o *order, a saved.Amount) error {
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
