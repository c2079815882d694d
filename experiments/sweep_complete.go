package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/sweep"
)

// completeSweep completes the name or id of a sweep. Numbers behind it are the user's.
func (c *command) completeSweep(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, _ := sweep.List(c.runs) // of those that can be read
	var found []cobra.Completion
	for _, m := range all {
		if ref := m.Ref(); strings.HasPrefix(ref, word) {
			found = append(found, cobra.CompletionWithDesc(ref, m.Experiment))
		}
	}
	return found, cobra.ShellCompDirectiveDefault
}
