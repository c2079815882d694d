package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/overlay"
	"github.com/necstgen/necstgen/experiments/saved"
)

// mergeOptions are the flags of generate that put a capture among what is generated.
type mergeOptions struct {
	file, at string
	keep     bool
}

// flags adds the flags.
func (o *mergeOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.file, "merge", "", "a `CAPTURE` of your own to put among the packets, with hosts of theirs, its flows labelled by its name")
	flags.StringVar(&o.at, "at", "+0s", "`TIME` at which --merge begins, like 13:05, +10m or 2026-01-31T12:00:00Z")
	flags.BoolVar(&o.keep, "keep-addresses", false, "--merge keeps its addresses")
}

// check refuses options that leave nothing to merge.
func (o *generateOptions) checkMerge(wrong func(string, ...any) error) error {
	m := &o.merge
	switch {
	case m.file == "" && (m.at != "+0s" || m.keep):
		return wrong("--at and --keep-addresses are of --merge")
	case m.file == "":
		return nil
	case o.level != flowLevel || o.necstgen != "":
		return wrong("--merge puts frames among frames: want it without --level and --necstgen")
	case o.shards.wanted():
		return wrong("--merge: shards are drawn apart: want --merge without --shards")
	}
	if err := new(overlay.At).UnmarshalText([]byte(m.at)); err != nil {
		return wrong("--at %w", err)
	}
	return nil
}

// mergeFrames puts the capture of --merge among the frames, if there is one.
func (c *command) mergeFrames(ctx context.Context, o *generateOptions, source *saved.Source, hosts address.Options, link tcp.Link, frames iter.Seq2[tcp.Frame, error]) (iter.Seq2[tcp.Frame, error], error) {
	if o.merge.file == "" {
		return frames, nil
	}
	if link != tcp.Semtech {
		return nil, usageError{fmt.Errorf("generate: --merge: the capture has LoRaTap records: want --link semtech, which is Ethernet")}
	}
	options := overlay.Options{Path: o.merge.file, KeepAddresses: o.merge.keep}
	if err := options.At.UnmarshalText([]byte(o.merge.at)); err != nil {
		return nil, err
	}
	plan, err := source.Plan(hosts)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	capture, err := overlay.Open(ctx, plan, options)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	if n := capture.LeftOut(); n > 0 {
		c.warn(fmt.Errorf("%s: %d of %d packets are left out: they are not IP or ARP, or are neighbour discovery", o.merge.file, n, n+capture.Packets()))
	}
	return capture.Among(ctx, frames), nil
}
