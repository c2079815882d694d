package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/summary"
)

func (c *command) dataInfoCommand() *cobra.Command {
	var period flow.Period
	cmd := &cobra.Command{
		Use:   "info FILE...",
		Short: "What is in a capture: link types, packets, time span, protocols, errors",
		Long: "Reads pcap and pcapng, LoRaWAN gateways' logs, packet tables and NeCSTGen's\n" +
			"published packets, plain, gzip or zstd; - is the standard input. Several files,\n" +
			"the files of a folder and those that a pattern in quotes matches ('day*.pcap')\n" +
			"are one trace, in time order.\n" +
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

// periodFlags adds the flags of the period of time that is read of a trace.
func periodFlags(cmd *cobra.Command, period *flow.Period) {
	const kinds = "a time (RFC 3339), a day in UTC, or like +10m behind the first packet"
	cmd.Flags().TextVar(&period.From, "from", flow.Moment{}, "read from `TIME` on, "+kinds)
	cmd.Flags().TextVar(&period.To, "to", flow.Moment{}, "read what is before `TIME`")
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
		show = func(w io.Writer, t *summary.Trace) error { return printJSON(w, t) }
	}
	if err := show(c.out, info); err != nil {
		return err
	}
	return failed
}

// openTrace opens what one name stands for, or for - the standard input.
func (c *command) openTrace(ctx context.Context, name string) (*trace.Trace, error) {
	return c.openTraces(ctx, []string{name})
}

// openTraces opens files and data sets as one trace, or for - the standard input.
func (c *command) openTraces(ctx context.Context, names []string) (*trace.Trace, error) {
	if !slices.Contains(names, "-") {
		return trace.Open(ctx, names, c.say)
	}
	if len(names) > 1 {
		return nil, usageError{errors.New("the standard input: want it alone, not beside other files")}
	}
	c.say("reading the standard input to its end")
	data := trace.New(c.in, "-")
	data.Say = c.say
	return data, nil
}
