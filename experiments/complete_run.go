package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

// completeRun completes what names a run: an experiment that has runs or, from its slash
// on, one of them, or the name that a run was given. The shell adds files, since a run is also named by its folder.
func (c *command) completeRun(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	experiment, _, inside := strings.Cut(word, "/")
	entries, err := os.ReadDir(c.runs)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var found []cobra.Completion
	for _, e := range entries {
		ids, err := run.IDs(c.runs, e.Name())
		switch {
		case err != nil || len(ids) == 0 || strings.HasPrefix(e.Name(), "."):
		case !inside:
			found = append(found, e.Name())
		case e.Name() == experiment:
			for _, id := range ids {
				found = append(found, experiment+"/"+id)
			}
		}
	}
	if named, _, err := run.List(c.runs); err == nil && !inside {
		for _, m := range named {
			if m.Name != "" {
				found = append(found, cobra.CompletionWithDesc(m.Name, m.Note))
			}
		}
	}
	found = slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, word) })
	return found, cobra.ShellCompDirectiveDefault
}
