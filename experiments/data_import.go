package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/convert"
)

func (c *command) dataImportCommand() *cobra.Command {
	var o convert.Options
	var p partOptions
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Turn a trace into tables of its packets, their features and flows",
		Long: "Reads captures, packet tables, NeCSTGen's packets and LoRaWAN gateways' logs.\n" +
			"--out has a row a packet, with its application, flow and direction; --features\n" +
			"the model's inputs in each row; --flows a row a flow. The endings of their\n" +
			"names tell their formats: .parquet, .arrow or .csv. A table of flows or features\n" +
			"is copied to another format.\n\n" +
			"With --layout necstgen they have the columns of the files that NeCSTGen\n" +
			"publishes, in CSV: df_raw_X.csv, df_process_X.csv, df_raw_flows_X.csv and, by\n" +
			"--flow-features, df_process_flows_X.csv of the --application X, which is an\n" +
			"application's name, TCP_GOOGLE_HOME, UDP_GOOGLE_HOME or, for the uplinks of\n" +
			"FPort 1, LORA_1. Without one --out has the columns of df_week1_monday.csv.\n\n" +
			"Several files, the files of a folder and those that a pattern in quotes matches\n" +
			"are one trace, in time order. With --split --out is a folder that becomes as\n" +
			"NeCSTGen's: day makes df_week1_monday.csv, or df_2026-11-27.csv, of each day;\n" +
			"application makes the four files of each application, below raw and process.\n\n" +
			"--parts makes a table of each file by itself, and nothing else. With --executor\n" +
			"slurm a cluster makes these, a task a file, and merges them into --out: worth it\n" +
			"where reading takes long, as with compressed captures. What one file says of\n" +
			"another is lost then: which connection of the other is data of its FTP.",
		Example: "  go run ./experiments data import my.pcap --flows flows.parquet\n" +
			"  go run ./experiments data import my.pcap --layout necstgen --application HTTP\n" +
			"  go run ./experiments data import 'week?/*/outside.tcpdump.gz' \\\n" +
			"      --layout necstgen --split day,application --out data\n" +
			"  go run ./experiments data import 'captures/*.pcap.gz' --out all.parquet \\\n" +
			"      --executor slurm --dry-run",
		Args: arguments(1, -1, "a capture file, a CSV, or the name of a data set"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.wanted() {
				p.given = given(cmd)
				return c.importParts(cmd.Context(), args, o, p)
			}
			return c.dataImport(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Packets, "out", "", "`FILE` of the packets (default: named as the input)")
	flags.StringVar(&o.Features, "features", "", "`FILE` of the features (default: none)")
	flags.StringVar(&o.Flows, "flows", "", "`FILE` of the flows (default: none)")
	flags.StringVar(&o.FlowFeatures, "flow-features", "", "`FILE` of the flows' features (default: none)")
	flags.StringVar((*string)(&o.Layout), "layout", "", "`LAYOUT` of the files: necstgen (default: own)")
	flags.TextVar(&o.Split, "split", convert.Split{}, "files of `WHAT` in the folder --out: day, application or both, day,application")
	flags.StringVar(&o.Application, "application", "", "packets of this `NAME` only; LORAWAN: uplinks")
	flags.StringVar((*string)(&o.Variant), "variant", "", "general, tcp-google-home, udp-google-home or lorawan (default: that of the application)")
	flags.BoolVar(&o.Compat, "compat", false, "features, and flows of ICMP, as the published files have them")
	flags.BoolVar(&o.Published, "published-constants", false, "features scaled by the constants of the published files; includes --compat")
	periodFlags(cmd, &o.Period)
	p.flags(cmd)
	return cmd
}

func (c *command) dataImport(ctx context.Context, names []string, o convert.Options) error {
	result, err := convert.Run(ctx, names, o, c.say)
	if mistake, ok := errors.AsType[*convert.OptionsError](err); ok {
		return usageError{mistake.Err}
	}
	if err != nil {
		return err
	}
	return c.printImport(result, o)
}
