package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) importCommand() *cobra.Command {
	var called run.Annotation
	cmd := &cobra.Command{
		Use:   "import FILE.tar.zst",
		Short: "Put a run that export has written among the runs",
		Long: `Reads an archive of a run, - for the standard input, checks the digest of every
file in it, and puts the run among the runs, where other commands find it.
A run that is there already stays as it is. What the stages have made is not
stored: another experiment that shares stages with the run computes them.`,
		Example: "  go run ./experiments import quickstart.tar.zst\n" +
			"  go run ./experiments import office.tar.zst --name their-office",
		Args: arguments(1, 1, "a file that export has written, or -"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"tar.zst"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.importRun(cmd.Context(), args[0], called) },
	}
	annotationFlags(cmd, &called)
	return cmd
}

// importRun puts the run of an archive among the runs.
func (c *command) importRun(ctx context.Context, file string, called run.Annotation) error {
	in, name := c.in, "standard input"
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer f.Close()
		in, name = f, file
	}
	if err := called.Check(); err != nil {
		return usageError{err}
	}
	check := func(a run.Annotation, dir string) error {
		err := c.runner().CheckAnnotation(a, dir)
		if err != nil && called.Name == "" {
			err = fmt.Errorf("%w (import --name gives it another one)", err)
		}
		return err
	}
	m, fresh, err := archive.Import(ctx, in, name, c.runs, called, check)
	if err != nil {
		return err
	}
	if !fresh {
		c.terminal().Printf("it is there already, with the same results\n")
	}
	return c.printRun(m)
}
