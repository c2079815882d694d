package main

import "github.com/spf13/cobra"

// fromOptions are the flags of generate that are of a file of generated packets.
type fromOptions struct {
	file, application, starts, columns string
}

// flags adds the flags of a file of generated packets.
func (o *fromOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.file, "from", "", "a `FILE` of generated packets in place of runs (default all of its flows)")
	flags.StringVar(&o.application, "application", "", "`NAME` of the application of --from, like HTTP (default that in the file's name)")
	flags.StringVar(&o.starts, "starts", "", "a `TABLE` of flows that says when those of --from start (default one after the other)")
	flags.StringVar(&o.columns, "columns", "lstm", "`COLUMNS` of --from: lstm, the network's answers, or vae, the decoded features")
}

// arguments wants runs, unless --from takes their place.
func (o *generateOptions) arguments(cmd *cobra.Command, args []string) error {
	if o.from.file != "" {
		return nil
	}
	return arguments(1, -1, "run folders, experiments (their latest runs), experiment/id, names of runs, or --from FILE")(cmd, args)
}

// checkFrom is check for --from.
func (o *generateOptions) checkFrom(runs int, wrong func(string, ...any) error) error {
	switch {
	case runs > 0:
		return wrong("--from %s takes the place of runs: want one of both", o.from.file)
	case o.level != flowLevel || o.labels != "":
		return wrong("--level and --labels draw from a run: want them without --from")
	case len(o.weights) > 0:
		return wrong("--share is of several runs: want it without --from")
	case o.necstgen != "":
		return wrong("--necstgen writes what a run draws: %s is such a file already", o.from.file)
	case o.from.columns != "lstm" && o.from.columns != "vae":
		return wrong("--columns %q: want lstm or vae", o.from.columns)
	}
	return o.checkTargets(wrong)
}
