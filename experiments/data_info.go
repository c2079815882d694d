package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/summary"
)

func (c *command) dataInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info FILE",
		Short: "What is in a capture: link types, packets, time span, protocols, errors",
		Long: "Reads pcap, pcapng or a LoRaWAN gateway's log in CSV, plain, gzip or zstd; - is the standard input.\n" +
			"The exit code is 1 when reading ended before the end of the file; what was read until then is printed.",
		Args: arguments(1, 1, "a capture file, the name of a data set, or - for the standard input"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataInfo(cmd.Context(), args[0]) },
	}
}

// captureInfo is what is told of a capture: its summary, what the file says of
// itself, and its LoRaWAN devices.
type captureInfo struct {
	*summary.Summary
	File    pcap.Info        `json:"capture"`
	Devices *lorawan.Devices `json:"lorawan,omitempty"`
}

// dataInfo prints a capture's summary.
func (c *command) dataInfo(ctx context.Context, path string) error {
	in := io.NopCloser(c.in)
	if path != "-" {
		f, err := catalog.Open(path)
		if err != nil {
			return err
		}
		in = f
	}
	defer in.Close()
	info, failed := describe(contextReader{ctx, in}, path)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed != nil && (info == nil || info.Packets == 0) {
		return failed
	}
	print := printInfo
	if c.json {
		print = func(w io.Writer, i *captureInfo) error { return printJSON(w, i) }
	}
	if err := print(c.out, info); err != nil {
		return err
	}
	return failed
}
