package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

// completeRun completes what names a run: the name that it was given, an experiment that
// has runs or, from its slash on, one of them. The shell adds files, since a run is also
// named by its folder.
func (c *command) completeRun(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	runs, broken, err := run.List(c.runs)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var found []cobra.Completion
	add := func(dir string) {
		experiment, id := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		if strings.Contains(word, "/") {
			found = append(found, experiment+"/"+id)
		} else {
			found = append(found, experiment)
		}
	}
	for _, m := range runs {
		add(m.Dir)
		if m.Name != "" {
			found = append(found, cobra.CompletionWithDesc(m.Name, m.Note))
		}
	}
	for _, b := range broken { // which rm takes
		add(b.Dir)
	}
	found = slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, word) })
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveDefault
}
