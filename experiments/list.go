package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) listCommand() *cobra.Command {
	var keys bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "What there is to run, or all keys that it may be run with",
		Long: `Lists the experiments of experiments.toml: what each learns, what it is for, and its
latest run. With --keys it lists the keys that any of them can be run with.`,
		Example: "  go run ./experiments list\n" +
			"  go run ./experiments list --keys",
		Args: arguments(0, 0, "no argument; show NAME prints one experiment"),
		RunE: func(*cobra.Command, []string) error {
			if keys {
				return c.listKeys()
			}
			return c.list()
		},
	}
	cmd.Flags().BoolVar(&keys, "keys", false, "all keys of an experiment, with default, range and meaning")
	return cmd
}

// list prints all experiments.
func (c *command) list() error {
	file, err := c.runner().Read()
	if err != nil {
		return err
	}
	all := []experimentInfo{}
	for _, name := range file.Experiments {
		e, err := file.Experiment(name)
		if err != nil {
			return usageError{err}
		}
		all = append(all, c.describeExperiment(name, e))
	}
	if c.json {
		return printJSON(c.out, all)
	}
	var entries []entry
	for _, l := range all {
		head := fmt.Sprintf("%s: %s of %s", l.Name, l.Application, l.Data)
		if l.Latest != "" {
			head += fmt.Sprintf("; latest run %s (%s)", l.Latest, run.Seconds(l.Seconds))
		}
		entries = append(entries, entry{head: head, text: l.About})
	}
	return printEntries(c.out, c.columns(), entries)
}
