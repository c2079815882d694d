package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// command is what all subcommands share: the streams and the global flags.
type command struct {
	in       io.Reader
	out, err io.Writer

	file, runs, backend, seed string
	quiet, json               bool
}

// root is the command without a subcommand: its help.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "experiments",
		Short:         "Learn a capture and write as much synthetic traffic like it as you want",
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
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&c.file, "file", "experiments.toml", "the experiments")
	flags.StringVar(&c.runs, "runs", "runs", "folder of the runs")
	flags.StringVar(&c.backend, "backend", "", "what computes: auto, xla:cuda, xla:cpu or go")
	flags.StringVar(&c.seed, "seed", "", "what every random choice follows from")
	flags.BoolVar(&c.quiet, "quiet", false, "say only what was asked for")
	flags.BoolVar(&c.json, "json", false, "print tables as JSON")
	root.AddCommand(c.listCommand(), c.runCommand(), c.planCommand(), c.cacheCommand(), c.generateCommand(), c.evaluateCommand(), c.reportCommand(),
		c.verifyCommand(), c.dataCommand(), c.doctorCommand(), c.notebookCommand())
	return root
}

// noCommand refuses words that are no subcommand, naming the nearest one.
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

// readFile reads the experiments.
func (c *command) readFile() (*config.File, error) {
	f, err := os.Open(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("%s: no such file: start in the repository's root, or name it with --file", c.file)}
	}
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	file, err := config.Read(f, c.file)
	if err != nil {
		return nil, usageError{err}
	}
	return file, nil
}

// overrides are the assignments of the command line, flags last.
func (c *command) overrides(cmd *cobra.Command, assignments []string) []string {
	if cmd.Flags().Changed("seed") {
		assignments = append(assignments, "seed="+c.seed)
	}
	if cmd.Flags().Changed("backend") {
		assignments = append(assignments, "backend="+c.backend)
	}
	return assignments
}

// terminal is where a run speaks.
func (c *command) terminal() *run.Terminal {
	f, ok := c.err.(*os.File)
	return &run.Terminal{Out: c.out, Err: c.err, Quiet: c.quiet || c.json, Interactive: ok && term.IsTerminal(int(f.Fd()))}
}

// say tells a message that is no result, such as what is being waited for.
func (c *command) say(message string) {
	if !c.quiet {
		_, _ = fmt.Fprintln(c.err, message) // a closed standard error shall not end the command
	}
}

// seedOf is the --seed flag as a number, or the given one without it.
func (c *command) seedOf(given uint64) (uint64, error) {
	if c.seed == "" {
		return given, nil
	}
	n, err := strconv.ParseUint(c.seed, 0, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("--seed %q: want a whole number of at least 0", c.seed)}
	}
	return n, nil
}
