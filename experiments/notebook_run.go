package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

// runNotebooks runs the notebooks with the given names, or all, and stores what they show or
// checks what is stored.
func (c *command) runNotebooks(cmd *cobra.Command, names []string, check bool) error {
	all, err := notebookNames()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = all
	}
	var paths []string
	for _, name := range names {
		name = strings.TrimSuffix(filepath.Base(name), ".ipynb")
		if !slices.Contains(all, name) {
			return usage(cmd, fmt.Errorf("notebook: no notebook is called %q; there are %s", name, strings.Join(all, ", ")))
		}
		paths = append(paths, filepath.Join(notebookFolder, name+".ipynb"))
	}
	runs := c.runs
	if !cmd.Flags().Changed("runs") {
		if runs, err = os.MkdirTemp("", "notebook-runs-"); err != nil {
			return err
		}
		defer os.RemoveAll(runs)
	}
	if runs, err = filepath.Abs(runs); err != nil {
		return err
	}
	do := kernel.Store
	if check {
		do = kernel.Check
	}
	return do(cmd.Context(), kernel.Options{Out: c.err}, runs, paths...)
}

// notebookNames are the names of all notebooks, in their order.
func notebookNames() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(notebookFolder, "*.ipynb"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("notebook: no notebook in %s: run this at the top of a checkout", notebookFolder)
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".ipynb"))
	}
	return names, nil
}

// completeNotebook completes the names of notebooks for a shell.
func completeNotebook(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := notebookNames()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, word) })
	return names, cobra.ShellCompDirectiveNoFileComp
}
