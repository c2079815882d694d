package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// listed is one experiment of the list.
type listed struct {
	Name        string  `json:"name"`
	Application string  `json:"application"`
	Data        string  `json:"data"`
	Here        bool    `json:"here"` // the data can be read without fetching it
	Runs        int     `json:"runs"`
	Latest      string  `json:"latest,omitempty"`
	Seconds     float64 `json:"seconds,omitempty"` // what the latest run took
	About       string  `json:"about"`
}

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
	all := []listed{}
	for _, name := range file.Experiments {
		e, err := file.Experiment(name)
		if err != nil {
			return usageError{err}
		}
		all = append(all, c.describe(name, e))
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

// describe gathers what the list says of an experiment.
func (c *command) describe(name string, e config.Experiment) listed {
	l := listed{Name: name, Application: e.Data.Application.String(), Data: e.Data.Name, Here: e.Data.Name != "", About: e.About}
	switch {
	case e.Data.Path != "":
		_, err := os.Stat(e.Data.Path)
		l.Data, l.Here = e.Data.Path, err == nil
	case e.Data.Name == "":
		l.Data = "(data.path)"
	}
	if ids, err := run.IDs(c.runs, name); err == nil {
		l.Runs = len(ids)
	}
	if m, err := run.LatestRun(c.runs, name); err == nil && m.Status == run.Finished {
		l.Latest, l.Seconds = m.ID, m.Seconds
	}
	return l
}
