package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/experiments/config"
)

// completeExperiment completes NAME key=value... for a shell: the name of an experiment,
// then keys, and behind a key's equals sign the words that it takes.
func (c *command) completeExperiment(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return completeAssignment(word)
	}
	file, err := c.runner().Read()
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

// completeSettings completes arguments that are all key=value.
func completeSettings(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeAssignment(word)
}

// dataNames lists the data sets of the catalog.
func dataNames() []string {
	var names []string
	for _, info := range catalog.All() {
		names = append(names, info.Name)
	}
	return names
}
