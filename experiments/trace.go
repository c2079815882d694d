package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
)

// periodFlags adds the flags of the period of time that is read of a trace.
func periodFlags(cmd *cobra.Command, period *flow.Period) {
	const kinds = "a time (RFC 3339), a day in UTC, or like +10m behind the first packet"
	cmd.Flags().TextVar(&period.From, "from", flow.Moment{}, "read from `TIME` on, "+kinds)
	cmd.Flags().TextVar(&period.To, "to", flow.Moment{}, "read what is before `TIME`")
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
