package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// completeFlags completes the values of the flags that all subcommands share. It panics
// if root has no such flag.
func completeFlags(root *cobra.Command) {
	backends := func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := completeAssignment("backend=" + word)
		for i := range found {
			found[i] = strings.TrimPrefix(found[i], "backend=")
		}
		return found, directive
	}
	if err := errors.Join(root.RegisterFlagCompletionFunc("backend", backends),
		root.MarkPersistentFlagFilename("file", "toml"), root.MarkPersistentFlagDirname("runs")); err != nil {
		panic(err)
	}
}
