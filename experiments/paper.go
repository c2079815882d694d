package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/reproduction"
)

func (c *command) paperCommand() *cobra.Command {
	var o paperOptions
	cmd := &cobra.Command{
		Use:   "paper [key=value...]",
		Short: "The paper's experiments on the paper's data, beside its results",
		Long: `Runs the experiments on NeCSTGen's published data, each with the generator paper and with the
generator sampled, scores the output that the authors have published in the same way, and writes
paper.html and paper.md: what they state, what their output scores, and what the two generators reach.
Data sets that were not fetched are left out and named. Runs that have finished are not computed
again; an interrupted command goes on where it was. key=value is a setting of all these runs.`,
		Example: "  go run ./experiments data fetch necstgen\n" +
			"  go run ./experiments paper\n" +
			"  go run ./experiments paper --only http,snmp-no-flow --out http",
		Args:              arguments(0, -1, "key=value as often as needed"),
		ValidArgsFunction: completeSettings,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.paper(cmd.Context(), c.overrides(cmd, args), o)
		},
	}
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "`NAMES` of data sets, like http,snmp-no-flow (default all)")
	cmd.Flags().StringVar(&o.out, "out", "paper", "`FOLDER` of the page, the table and the figures")
	return cmd
}

// paperOptions are the flags of paper.
type paperOptions struct {
	only []string
	out  string
}

// sets are the data sets that are asked for.
func (o *paperOptions) sets() ([]reproduction.Set, error) {
	all := reproduction.Sets()
	if len(o.only) == 0 {
		return all, nil
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	for _, name := range o.only {
		if !slices.Contains(names, name) {
			return nil, usageError{fmt.Errorf("--only %s: want some of %s", name, strings.Join(names, ", "))}
		}
	}
	return slices.DeleteFunc(all, func(s reproduction.Set) bool { return !slices.Contains(o.only, s.Name) }), nil
}

// paper runs all sets and writes what they come to.
func (c *command) paper(ctx context.Context, overrides []string, o paperOptions) error {
	sets, err := o.sets()
	if err != nil {
		return err
	}
	var results []*reproduction.Result
	for _, set := range sets {
		r, err := reproduction.Reproduce(ctx, c.runner(), set, overrides, reproduction.Sources{Open: c.openTrace, Warn: c.warn, Say: c.say})
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return c.writePaper(o.out, results)
}
