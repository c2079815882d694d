package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// completeExperiment completes NAME key=value... for a shell: the name of an experiment,
// then keys, and behind a key's equals sign the words that it takes.
func (c *command) completeExperiment(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return completeAssignment(word)
	}
	file, err := c.readFile()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, name := range file.Experiments {
		if e, err := file.Experiment(name); err == nil && strings.HasPrefix(name, word) {
			names = append(names, cobra.CompletionWithDesc(name, e.About))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeAssignment completes key=value. Of a value without words of its own the shell
// makes a file name.
func completeAssignment(word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	key, value, ok := strings.Cut(word, "=")
	var found []cobra.Completion
	for _, k := range config.Describe() {
		switch {
		case !ok && strings.HasPrefix(k.Name, word):
			found = append(found, cobra.CompletionWithDesc(k.Name+"=", k.Meaning))
		case ok && k.Name == key:
			choices := k.Choices
			if key == "data.name" {
				choices = dataNames()
			}
			for _, choice := range choices {
				if strings.HasPrefix(choice, value) {
					found = append(found, key+"="+choice)
				}
			}
		}
	}
	switch {
	case !ok:
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	case len(found) > 0:
		return found, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// completeRun completes what names a run: an experiment that has runs or, from its slash
// on, one of them. The shell adds files, since a run is also named by its folder.
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
	found = slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, word) })
	return found, cobra.ShellCompDirectiveDefault
}

// dataNames lists the data sets of the catalog.
func dataNames() []string {
	var names []string
	for _, info := range catalog.All() {
		names = append(names, info.Name)
	}
	return names
}

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
