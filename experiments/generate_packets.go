package main

import (
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
func (c *command) generatePackets(ctx context.Context, m *run.Manifest, o *generateOptions, a saved.Amount) error {
	level, err := saved.OpenPacketLevel(ctx, m, c.backend, c.err)
	if err != nil {
		return err
	}
	defer level.Close()
	src := rand.NewPCG(a.Seed, 2)
	labels, err := labelsOf(level, o, src)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if a.Start == 0 {
		a.Start = level.Start
	}
	drawn, err := level.Packets(labels, a.Start, src)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	columns, rows := drawn.Table()
	return c.writeRows(o.outs[0], columns, "packets", rows)
}

// labelsOf returns the labels to draw from: those of training, of the chain, or of a
// file.
func labelsOf(level generator.PacketLevel, o *generateOptions, src rand.Source) (labels []int, err error) {
	switch o.labels {
	case "chain":
		return level.ChainLabels(int(o.packets), src)
	case "observed":
		labels = level.ObservedLabels()
		if int(o.packets) > len(labels) {
			return nil, fmt.Errorf("--packets %d: training had %s labels: ask for less, or for --labels chain", o.packets, output.Thousands(int64(len(labels))))
		}
	default:
		f, err := os.Open(o.labels)
		if err != nil {
			return nil, fmt.Errorf("--labels: %w (want observed, chain, or a file of labels)", err)
		}
		defer f.Close()
		if labels, err = generator.ReadLabels(f, o.labels, level.LabelCount()); err != nil {
			return nil, err
		}
	}
	if o.packets > 0 {
		labels = labels[:min(len(labels), int(o.packets))]
	}
	return labels, nil
}
