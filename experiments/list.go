package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

func (c *command) listCommand() *cobra.Command {
	var keys bool
	cmd := &cobra.Command{
		Use:   "list [NAME]",
		Short: "What there is to run; with a name, every key of that experiment",
		Args:  arguments(0, 1, "no argument, or the name of an experiment"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case keys:
				return c.listKeys()
			case len(args) == 1:
				return c.listOne(args[0])
			}
			return c.list()
		},
	}
	cmd.Flags().BoolVar(&keys, "keys", false, "all keys of an experiment, with default, range and meaning")
	return cmd
}

// list prints all experiments.
func (c *command) list() error {
	file, err := c.readFile()
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
	var rows [][]string
	for _, l := range all {
		latest := "-"
		if l.Latest != "" {
			latest = fmt.Sprintf("%s (%s)", l.Latest, run.Seconds(l.Seconds))
		}
		rows = append(rows, []string{l.Name, l.Application, l.Data, latest, l.About})
	}
	return printTable(c.out, []string{"EXPERIMENT", "APPLICATION", "DATA", "LATEST RUN", "ABOUT"}, rows)
}
