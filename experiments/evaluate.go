package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
)

// evaluateOptions are the flags of evaluate.
type evaluateOptions struct {
	training, application, columns string
	period                         flow.Period
	segment                        int
	tools                          tool.Choice
}

func (c *command) evaluateCommand() *cobra.Command {
	var o evaluateOptions
	cmd := &cobra.Command{
		Use:   "evaluate REAL SYNTHETIC",
		Short: "Score anybody's synthetic traffic against real traffic",
		Long: `Reads captures, packet tables (Parquet, Arrow, CSV), NeCSTGen's published packets, LoRaWAN logs, and
what generators write as NeCSTGen publishes it: packets (DF_GEN_PACKET_*) and tables of flows
(DF_GEN_FLOW_*, df_raw_flows_*), and NetFlow records as NetShare writes them (srcip,...,ts,td,pkt,byt;
ts in microseconds), which are a table of flows as well, and its packets (srcip,...,time,pkt_len).
REAL should be traffic that the generator did not see, and --training what it learnt from. Without
--training a random half of REAL stands for it: then the scores of privacy say little.
Each may be a folder, or a pattern in quotes, of several files, which are merged in time order. --from
and --to say which part of REAL and of --training is compared.
If REAL is of one application, or --application or an output's name names one, SYNTHETIC is taken for
that as a whole: its flows that are not recognised as such are scored too, and counted in a warning.
Generated packets have no addresses and no starts of flows: flows are then those that both files
label, and scores that need more say so. Tables of flows are scored by packets, starts and bytes.
--segment 128 takes all packets of a file as one timeline without flows, in segments of so many packets,
as a run with data.flows = "none" does.
--backend says what trains the recurrent network that tries to tell the two apart.`,
		Example: `  go run ./experiments evaluate office.pcap generated.pcap
  go run ./experiments evaluate df_raw_HTTP.csv \
      DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv
  go run ./experiments evaluate df_raw_flows_HTTP.csv DF_GEN_FLOW_HTTP_FINAL.csv`,
		Args: arguments(2, 2, "two captures, the real one first"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.evaluate(cmd.Context(), args[0], args[1], o)
		},
	}
	cmd.Flags().StringVar(&o.training, "training", "", "capture that the generator learnt from")
	cmd.Flags().StringVar(&o.application, "application", "", "what is compared, like HTTP or HTTP,tcp/502: REAL's flows of it, all of SYNTHETIC")
	cmd.Flags().StringVar(&o.columns, "columns", "lstm", "`COLUMNS` of generated packets: lstm, the network's answers, or vae, the decoded features")
	cmd.Flags().IntVar(&o.segment, "segment", 0, "`PACKETS` of a segment of traffic that is compared without flows")
	cmd.Flags().TextVar(&o.tools, "tools", tool.None, "`PROGRAMS` that are asked about both captures: none, installed, or like tshark,argus")
	periodFlags(cmd, &o.period)
	return cmd
}

// evaluate prints the scores of synthetic traffic.
func (c *command) evaluate(ctx context.Context, real, synthetic string, o evaluateOptions) error {
	seed, err := c.seedOr(1)
	if err != nil {
		return err
	}
	options := evaluate.Options{Real: real, Synthetic: synthetic, Training: o.training, Decoded: o.columns == "vae", Tools: o.tools, Seed: seed, Period: o.period, Segment: o.segment, Open: c.openTrace, Warn: c.warn}
	if err := o.period.Check(); err != nil {
		return usageError{err}
	}
	if o.segment < 0 || o.segment == 1 {
		return usageError{fmt.Errorf("evaluate: --segment %d: want at least 2 packets, or 0 for flows", o.segment)}
	}
	if o.columns != "lstm" && o.columns != "vae" {
		return usageError{fmt.Errorf("evaluate: --columns %q: want lstm or vae", o.columns)}
	}
	if o.application != "" {
		if err := options.Applications.UnmarshalText([]byte(o.application)); err != nil {
			return usageError{fmt.Errorf("--application: %w", err)}
		}
	}
	scores, err := c.evaluateFiles(ctx, options)
	if err != nil {
		return err
	}
	return c.printScores(scores)
}

// warn says what is odd about an input.
func (c *command) warn(err error) { c.terminal().Warn(err.Error()) }
