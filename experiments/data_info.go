package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/summary"
)

func (c *command) dataInfoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info FILE",
		Short: "What is in a capture: link types, packets, time span, protocols, errors",
		Long: "Reads pcap and pcapng, LoRaWAN gateways' logs, packet tables and NeCSTGen's\n" +
			"published packets, plain, gzip or zstd; - is the standard input.\n" +
			"The exit code is 1 when reading ended before the end of the file; what was\n" +
			"read until then is printed.",
		Args: arguments(1, 1, "a capture file, the name of a data set, or - for the standard input"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.dataInfo(cmd.Context(), args[0]) },
	}
}

// dataInfo prints a trace's summary.
func (c *command) dataInfo(ctx context.Context, path string) error {
	data, err := c.openTrace(ctx, path)
	if err != nil {
		return err
	}
	defer data.Close()
	info, failed := summary.OfTrace(ctx, data)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed != nil && info.Packets == 0 {
		return failed
	}
	show := printInfo
	if c.json {
		show = func(w io.Writer, t *summary.Trace) error { return printJSON(w, t) }
	}
	if err := show(c.out, info); err != nil {
		return err
	}
	return failed
}

// openTrace opens a file, a data set, or for - the standard input.
func (c *command) openTrace(ctx context.Context, name string) (*trace.Trace, error) {
	if name == "-" {
		c.say("reading the standard input to its end")
		data := trace.New(c.in, name)
		data.Say = c.say
		return data, nil
	}
	return trace.Open(ctx, name, c.say)
}
