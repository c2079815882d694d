package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/trained"
)

// order is what generate is asked for.
type order struct {
	flows   int
	packets int64
	out     string
}

func (c *command) generateCommand() *cobra.Command {
	var o order
	cmd := &cobra.Command{
		Use:   "generate RUN",
		Short: "More from a trained run, at any size",
		Long: "Writes pcap with nanoseconds; pcapng where --out ends in .pcapng, compressed where it ends in .gz or .zst.\n" +
			"When writing ends early - a full disk, an interruption - what was written is a valid capture.",
		Example: "  go run ./experiments generate quickstart --flows 100000 --out big.pcap",
		Args:    arguments(1, 1, "a run folder, an experiment (its latest run), or experiment/id"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.generate(cmd.Context(), args[0], o) },
	}
	cmd.Flags().IntVar(&o.flows, "flows", 0, "flows to generate")
	cmd.Flags().Int64Var(&o.packets, "packets", 0, "end after the flow that reaches this many packets")
	cmd.Flags().StringVar(&o.out, "out", "", "the capture; - is the standard output")
	return cmd
}

// check says what is wrong with an order.
func (o *order) check() error {
	switch {
	case o.flows < 0 || o.packets < 0:
		return usageError{fmt.Errorf("generate: --flows %d --packets %d: want more than 0", o.flows, o.packets)}
	case o.flows == 0 && o.packets == 0:
		return usageError{errors.New("generate: how much? want --flows N or --packets N")}
	case o.out == "":
		return usageError{errors.New("generate: where to? want --out FILE")}
	case o.flows == 0:
		o.flows = int(o.packets) // a flow has at least one packet
	}
	return nil
}

// generate writes a capture from a run's models.
func (c *command) generate(ctx context.Context, ref string, o order) error {
	if err := o.check(); err != nil {
		return err
	}
	m, err := run.Find(c.runs, ref)
	if err != nil {
		return err
	}
	seed, err := c.seedOf(m.Config.Seed + 1) // not the run's own flows again
	if err != nil {
		return err
	}
	source, err := trained.Open(ctx, m, c.backend, c.err)
	if err != nil {
		return err
	}
	defer source.Close()
	shown := c.terminal().Progress()
	shown.Start("generate", o.packets, "packets")
	defer shown.Done()
	amount := trained.Amount{Flows: o.flows, Packets: o.packets, Seed: seed}
	if o.out == "-" {
		_, err := source.Write(ctx, c.out, pcap.WriterOptions{}, amount, shown.Set)
		return err
	}
	f, err := os.Create(o.out)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	packets, err := source.Write(ctx, f, formatOf(o.out), amount, shown.Set)
	err = errors.Join(err, f.Close())
	if packets == 0 {
		return errors.Join(err, os.Remove(o.out))
	}
	if err != nil {
		fmt.Fprintf(c.err, "%s: ended early; its %s packets are a valid capture\n", o.out, thousands(packets))
		return fmt.Errorf("generate: %s: %w", o.out, err)
	}
	if c.json {
		return printJSON(c.out, map[string]any{"file": o.out, "packets": packets, "seed": seed, "run": m.Dir})
	}
	_, err = fmt.Fprintf(c.out, "%s: %s packets\n", o.out, thousands(packets))
	return err
}

// formatOf is the capture format that a file's name asks for.
func formatOf(name string) pcap.WriterOptions {
	var w pcap.WriterOptions
	for suffix, compression := range map[string]pcap.Compression{".gz": pcap.Gzip, ".zst": pcap.Zstd} {
		if short, ok := strings.CutSuffix(name, suffix); ok {
			name, w.Compression = short, compression
		}
	}
	w.PCAPNG = strings.HasSuffix(name, ".pcapng")
	return w
}
