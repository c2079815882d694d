package main

import "github.com/spf13/cobra"

// generateOptions are the flags of generate.
type generateOptions struct {
	flows, packets countFlag
	duration       durationFlag
	rateFactor     factorFlag
	weights        weightsFlag
	only           string
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

	from   fromOptions
	merge  mergeOptions
	shards shardOptions
}

func (c *command) generateCommand() *cobra.Command {
	o := &generateOptions{speed: 1}
	cmd := &cobra.Command{
		Use:               "generate RUN [RUN...] | --from FILE",
		Short:             "More from saved runs, at any size",
		Long:              generateHelp,
		Example:           generateExamples,
		Args:              o.arguments,
		ValidArgsFunction: c.completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.shards.given = given(cmd)
			return c.generate(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&o.flows, "flows", "flows to generate, of all runs together")
	flags.Var(&o.packets, "packets", "end after the flow that reaches this many packets")
	flags.Var(&o.duration, "duration", "no flow starts later than this after the first, like 24h or 7d")
	flags.Var(&o.rateFactor, "rate-factor", "flows a second, as a multiple of what was learnt (default 1)")
	flags.Var(&o.weights, "share", "proportion of each run or application in the flows, like HTTP=0.7,DNS=0.3 (default by the rates that were learnt)")
	flags.StringVar(&o.only, "only", "", "the `APPLICATIONS` to draw of a run that has learnt several, like HTTP,tcp/502")
	flags.StringVar(&o.start, "start", "", "`TIME` of the first packet, like 2026-01-31T12:00:00Z (default that of the first run's data)")
	flags.StringVar(&o.follow, "follow", "", "generate when the original did: all, or a `PERIOD` of it, START..END, of times or of time since the first packet, like +5m")
	flags.StringVar(&o.flowsFrom, "flows-from", "", "a `TABLE` of flows that gives starts and sizes")
	flags.StringArrayVar(&o.outs, "out", nil, "a `FILE` to write, as often as needed; - is the standard output")
	flags.Var(&o.splitSize, "split-size", "captures go on in another file before they are larger on the disk, like 100MB")
	flags.Var(&o.splitTime, "split-time", "captures go on in another file after so long, like 10m")
	flags.StringVar(&o.overrides.link, "link", "", "`KIND` of LoRaWAN capture: loratap, loratap0 or semtech (default as the run's generate.link)")
	flags.StringVar(&o.overrides.payload, "payload", "", "`KIND` of payloads: neutral, zero, random or copy (default as the run's generate.payload)")
	flags.BoolVar(&o.overrides.complete, "complete", false, "every TCP connection gets its handshake and its close")
	flags.StringVar(&o.iface, "interface", "", "send the packets out of this network `INTERFACE`, at their times (Linux, root)")
	flags.Var(&o.speed, "speed", "how many times as fast --interface sends")
	flags.StringVar(&o.level, "level", "flow", "`LEVEL`: flow, packet or aggregate")
	flags.StringVar(&o.labels, "labels", "", "`LABELS` of --level packet: observed, chain, or a file of labels")
	flags.StringVar(&o.necstgen, "necstgen", "", "`FOLDER` for NeCSTGen's output files, as CSV and Parquet")
	o.from.flags(cmd)
	o.merge.flags(cmd)
	o.shards.flags(cmd)
	return cmd
}
