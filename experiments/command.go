package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// command is what all subcommands share: the streams and the global flags.
type command struct {
	in       io.Reader
	out, err io.Writer

	file, runs, backend, seed string
	quiet, json               bool
}

// root returns the command without a subcommand, which prints its help.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "experiments",
		Short:         "Learn a capture and write as much synthetic traffic like it as you want",
		Version:       version(debug.ReadBuildInfo()),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          c.noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	flags := root.PersistentFlags()
	flags.StringVar(&c.file, "file", "", "`FILE` of experiments (default experiments.toml here, or the one built in)")
	flags.StringVar(&c.runs, "runs", "runs", "`FOLDER` of the runs")
	flags.StringVar(&c.backend, "backend", "", "`NAME` of what computes: auto, xla:cuda, xla:cpu or go")
	flags.StringVar(&c.seed, "seed", "", "seed `N`, which every random choice follows from")
	flags.BoolVar(&c.quiet, "quiet", false, "say only what was asked for")
	flags.BoolVar(&c.json, "json", false, "print tables as JSON")
	completeFlags(root)
	root.AddCommand(c.listCommand(), c.showCommand(), c.schemaCommand(), c.runCommand(), c.sweepCommand(), c.paperCommand(), c.planCommand(), c.cacheCommand(), c.generateCommand(), c.evaluateCommand(), c.analyseCommand(), c.reportCommand(),
		c.verifyCommand(), c.exportCommand(), c.importCommand(), c.runsCommand(), c.rerunCommand(), c.compareCommand(), c.tagCommand(), c.rmCommand(), c.serveCommand(), c.dataCommand(), c.doctorCommand(), c.notebookCommand())
	fitHelp(root, c.columns())
	return root
}

// noCommand refuses words that are no subcommand, and names the nearest one.
func (c *command) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %q?", err, near[0])
	}
	return usage(cmd, err)
}
