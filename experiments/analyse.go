package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// analyseOptions are the flags of analyse.
type analyseOptions struct {
	only        []string
	out         string
	application string
	list        bool
}

func (c *command) analyseCommand() *cobra.Command {
	var o analyseOptions
	cmd := &cobra.Command{
		Use:   "analyse RUN | REAL SYNTHETIC...",
		Short: "NeCSTGen's analyses, corrected, as figures and numbers",
		Long: `Compares the real and the generated packets of a run, or files as evaluate takes them, the real one
first; NAME=FILE gives a synthetic file a name in figures. --out names a folder, which gets
analysis.html, analysis.json, and each figure as SVG and PNG. Without it only the short table of
numbers is printed. What does not apply to the traffic is listed with the reason.`,
		Example: `  go run ./experiments analyse quickstart --out quickstart-analysis
  go run ./experiments analyse df_raw_HTTP.csv \
      authors=DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv --only rtt,flags`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return arguments(0, 0, "no argument with --list")(cmd, args)
			}
			return arguments(1, -1, "a run, or a real and a synthetic file")(cmd, args)
		},
		ValidArgsFunction: c.completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return c.listAnalyses()
			}
			return c.analyse(cmd.Context(), args, o)
		},
	}
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "the `NAMES` of the analyses, like rtt,flags; --list names all")
	cmd.Flags().StringVar(&o.out, "out", "", "`FOLDER` for the page, the numbers and the figures")
	cmd.Flags().StringVar(&o.application, "application", "", "what is compared, like HTTP or HTTP,tcp/502: REAL's flows of it, all of SYNTHETIC")
	cmd.Flags().BoolVar(&o.list, "list", false, "name the analyses")
	return cmd
}

// analyse prints the results of analyses, and writes them.
func (c *command) analyse(ctx context.Context, args []string, o analyseOptions) error {
	for _, name := range o.only {
		if _, err := analysis.Find(name); err != nil {
			return usageError{fmt.Errorf("--only: %w", err)}
		}
	}
	var apps flow.Applications
	if o.application != "" {
		if err := apps.UnmarshalText([]byte(o.application)); err != nil {
			return usageError{fmt.Errorf("--application: %w", err)}
		}
	}
	title, real, generated, err := c.analysedSides(ctx, args, apps)
	if err != nil {
		return err
	}
	results, err := analysis.Run(ctx, real, generated, o.only)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := c.writeAnalyses(o.out, title, real, generated, results); err != nil {
			return err
		}
	}
	return c.printAnalyses(results)
}
