package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/summary"
)

func (c *command) dataInfoCommand() *cobra.Command {
	var period flow.Period
	cmd := &cobra.Command{
		Use:     "info FILE...",
		Short:   "What is in a capture: packets, time span, protocols, errors",
		Example: "  go run ./experiments data info my.pcap --from +10s --to +2m",
		Long: "Reads pcap and pcapng, LoRaWAN gateways' logs, packet tables and NeCSTGen's\n" +
			"published packets, plain, gzip or zstd; - is the standard input. Several files,\n" +
			"the files of a folder and those that a pattern in quotes matches ('day*.pcap')\n" +
			"are one trace, in time order.\n" +
			"At the end it says what run capture would learn of it, by which models.\n" +
			"The exit code is 1 when reading ended before the end of the file; what was\n" +
			"read until then is printed.",
		Args: arguments(1, -1, "a capture file, the name of a data set, or - for the standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.dataInfo(cmd.Context(), args, period)
		},
	}
	periodFlags(cmd, &period)
	return cmd
}

// dataInfo prints a trace's summary.
func (c *command) dataInfo(ctx context.Context, names []string, period flow.Period) error {
	if err := period.Check(); err != nil {
		return usageError{err}
	}
	data, err := c.openTraces(ctx, names)
	if err != nil {
		return err
	}
	defer data.Close()
	info, failed := summary.OfTrace(ctx, data, period)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed != nil && info.Packets == 0 {
		return failed
	}
	show := printInfo
	if c.json {
		show = func(w io.Writer, i learntInfo) error { return printJSON(w, i) }
	}
	if err := show(c.out, learntOf(info, c.runner().Pace("capture"))); err != nil {
		return err
	}
	return failed
}
