package main

import "github.com/spf13/cobra"

// generateOptions are the flags of generate.
type generateOptions struct {
	flows, packets countFlag
	duration       durationFlag
	rateFactor     factorFlag
	weights        weightsFlag
	start          string

	follow, flowsFrom string

	outs      []string
	splitSize sizeFlag
	splitTime durationFlag
	overrides frameOverrides

	iface string
	speed factorFlag

	level, labels string
	necstgen      string

	from fromOptions
}

func (c *command) generateCommand() *cobra.Command {
	o := &generateOptions{speed: 1}
	cmd := &cobra.Command{
		Use:   "generate RUN [RUN...] | --from FILE",
		Short: "More from saved runs, at any size",
		Long: `Draws flows from a saved run, or from several at once, each at the rate that it had where it was
learnt, and writes them as captures and tables in one pass, or sends them out of a network interface.
It ends at the first of --flows, --packets and --duration.

The ending of --out's name tells what is written: .pcap (nanoseconds) or .pcapng, with .gz or .zst
behind it compressed; .parquet, .arrow or .csv a table of the same packets. --out can be given several
times. When writing ends early - a full disk, an interruption - what was written is a valid capture.

--follow generates when the original did: its flows start then, between hosts that stand for the
original's, and have as many packets and bytes (without flows: packets are sent then, by these
devices), and everything else is generated. --flows-from takes starts and sizes from a table, as
--level aggregate and NeCSTGen's scripts write them.

--level packet writes packets drawn each by itself, from labels: those observed in training, those of
the Markov chain, or a file's (whole numbers). --level aggregate writes the flows' packets and starts
alone. --necstgen writes the files that NeCSTGen publishes, with their names and columns.

--from takes packets that were generated before, NeCSTGen's output files or those of --necstgen, and
makes valid connections of them between hosts of documentation addresses, at the application's port.
Their flows start where --starts says, or one after the other; it says what had to be mended.`,

		Example: `  go run ./experiments generate quickstart --flows 100000 --out big.pcap
  go run ./experiments generate quickstart smtp dns --duration 1h --rate-factor 2 --out hour.pcapng.zst --out hour.parquet
  go run ./experiments generate quickstart --packets 1M --out - | tshark -r -
  go run ./experiments generate quickstart --duration 10m --interface veth0 --speed 2
  go run ./experiments generate quickstart --follow +5m..+10m --out followed.pcap
  go run ./experiments generate quickstart --flows-from flows.csv --out fed.pcap
  go run ./experiments generate quickstart --level packet --labels chain --packets 1000 --out packets.csv
  go run ./experiments generate quickstart --flows 1000 --necstgen output
  go run ./experiments generate --from DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv --starts DF_GEN_FLOW_HTTP_FINAL.csv --out http.pcap`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.from.file != "" {
				return nil
			}
			return arguments(1, -1, "run folders, experiments (their latest runs), experiment/id, or --from FILE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.generate(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&o.flows, "flows", "flows to generate, of all runs together")
	flags.Var(&o.packets, "packets", "end after the flow that reaches this many packets")
	flags.Var(&o.duration, "duration", "no flow starts later than this after the first, like 24h or 7d")
	flags.Var(&o.rateFactor, "rate-factor", "flows a second, as a multiple of what was learnt (default 1)")
	flags.Var(&o.weights, "share", "proportion of each run or application in the flows, like HTTP=0.7,DNS=0.3 (default by the rates that were learnt)")
	flags.StringVar(&o.start, "start", "", "`TIME` of the first packet, like 2026-01-31T12:00:00Z (default that of the first run's data)")
	flags.StringVar(&o.follow, "follow", "", "generate when the original did: all, or a `PERIOD` of it, START..END, of times or of time since the first packet, like +5m")
	flags.StringVar(&o.flowsFrom, "flows-from", "", "a `TABLE` of flows that gives starts and sizes")
	flags.StringArrayVar(&o.outs, "out", nil, "a `FILE` to write, as often as needed; - is the standard output")
	flags.Var(&o.splitSize, "split-size", "captures go on in another file before they are larger, like 100MB")
	flags.Var(&o.splitTime, "split-time", "captures go on in another file after so long, like 10m")
	flags.StringVar(&o.overrides.link, "link", "", "`KIND` of LoRaWAN capture: loratap, loratap0 or semtech (default as the run's generate.link)")
	flags.StringVar(&o.overrides.payload, "payload", "", "`KIND` of payloads: neutral, zero, random or copy (default as the run's generate.payload)")
	flags.BoolVar(&o.overrides.complete, "complete", false, "every TCP connection gets its handshake and its close")
	flags.StringVar(&o.iface, "interface", "", "send the packets out of this network `INTERFACE`, at their times (Linux, root)")
	flags.Var(&o.speed, "speed", "how many times as fast --interface sends")
	flags.StringVar(&o.level, "level", "flow", "`LEVEL`: flow, packet or aggregate")
	flags.StringVar(&o.labels, "labels", "", "`LABELS` of --level packet: observed, chain, or a file of labels")
	flags.StringVar(&o.necstgen, "necstgen", "", "`FOLDER` for NeCSTGen's output files, as CSV and Parquet")
	flags.StringVar(&o.from.file, "from", "", "a `FILE` of generated packets in place of runs (default all of its flows)")
	flags.StringVar(&o.from.application, "application", "", "`NAME` of the application of --from, like HTTP (default that in the file's name)")
	flags.StringVar(&o.from.starts, "starts", "", "a `TABLE` of flows that says when those of --from start (default one after the other)")
	flags.StringVar(&o.from.columns, "columns", "lstm", "`COLUMNS` of --from: lstm, the network's answers, or vae, the decoded features")
	return cmd
}
