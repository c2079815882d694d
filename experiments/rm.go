package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) rmCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rm RUN...",
		Short: "Remove runs",
		Long: `Removes folders of runs: on a terminal after a question, anywhere with --yes.
A run that is under way is not removed. What the stages have made stays stored,
so that the run can be had again without computing; cache prune removes that.`,
		Example:           "  go run ./experiments rm quickstart/1a2b office",
		Args:              arguments(1, -1, "one or more of: experiment/id, experiment/latest, the name of a run"),
		ValidArgsFunction: c.completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return c.removeRuns(args, yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "remove without a question")
	return cmd
}

// removeRuns removes runs, none of them if one is not found or the answer is no.
func (c *command) removeRuns(refs []string, yes bool) error {
	dirs := make([]string, len(refs))
	for i, ref := range refs {
		var err error
		if dirs[i], err = c.removable(ref); err != nil {
			return err
		}
	}
	if !yes {
		if err := c.confirm("rm: remove " + strings.Join(dirs, ", ")); err != nil {
			return err
		}
	}
	for _, dir := range dirs {
		if err := run.Remove(dir); err != nil {
			return err
		}
		c.terminal().Printf("removed %s\n", dir)
	}
	return nil
}

// removable returns the folder of a run below the folder of runs. An experiment alone
// names none: it could be meant to name all its runs.
func (c *command) removable(ref string) (string, error) {
	inside, err := filepath.Rel(c.runs, ref)
	if err == nil && filepath.IsLocal(inside) { // runs/experiment/id, as other commands print it
		ref = filepath.ToSlash(inside)
	}
	dir, err := run.Folder(c.runs, ref)
	if err != nil {
		return "", err
	}
	if !strings.Contains(ref, "/") && filepath.Base(filepath.Dir(dir)) == ref {
		return "", usageError{fmt.Errorf("rm: %s is an experiment: want one of its runs, like %s/%s", ref, ref, filepath.Base(dir))}
	}
	return dir, nil
}
