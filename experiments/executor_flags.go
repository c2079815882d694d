package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
)

// executorFlags say what runs the work of a command: this process, or a cluster.
type executorFlags struct {
	name    string   // local or slurm
	options []string // of [slurm], key=value
	perTask int
}

// add adds the flags to a command. Items are what its tasks do, like "points".
func (f *executorFlags) add(cmd *cobra.Command, items string) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "executor", "local", "`NAME` of what runs it: local or slurm")
	flags.StringArrayVar(&f.options, "slurm", nil, "`KEY=VALUE` of [slurm], like partition=gpu, any number")
	flags.IntVar(&f.perTask, "per-task", 1, "`N` "+items+" are run by one task of Slurm, one by one")
	words := cobra.FixedCompletions([]cobra.Completion{"local", "slurm"}, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("executor", words); err != nil {
		panic(err) // there is no such flag
	}
	if err := cmd.RegisterFlagCompletionFunc("slurm", completeSlurm); err != nil {
		panic(err)
	}
}

// completeSlurm completes the keys of [slurm].
func completeSlurm(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	for _, key := range config.SlurmKeys() {
		if strings.HasPrefix(key.Name, word) {
			found = append(found, cobra.CompletionWithDesc(key.Name+"=", key.Meaning))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// check reports flags that do not go together. Jobs are those of --jobs.
func (f *executorFlags) check(jobs int) error {
	switch {
	case f.name != "local" && f.name != "slurm":
		return usageError{fmt.Errorf("--executor %q: want local or slurm", f.name)}
	case f.perTask < 1:
		return usageError{fmt.Errorf("--per-task %d: want at least 1", f.perTask)}
	case f.name == "local" && (len(f.options) > 0 || f.perTask > 1):
		return usageError{fmt.Errorf("--slurm and --per-task are of a cluster: want them with --executor slurm")}
	case f.name == "slurm" && jobs > 1:
		return usageError{fmt.Errorf("--jobs %d is of this machine: want --slurm throttle=%d, which limits the tasks that run at once", jobs, jobs)}
	}
	return nil
}
