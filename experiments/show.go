package main

import (
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/pipeline"
)

func (c *command) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME [key=value...]",
		Short: "Every key of an experiment, its value and where that comes from",
		Long: `Prints an experiment as run would take it, with every key, as TOML that can be a file of
its own (--file). Behind each value stands where it comes from: the default, a line of
the file and its table, or the command line.`,
		Example: "  go run ./experiments show http\n" +
			"  go run ./experiments show http lstm.units=64 --seed 2",
		Args:              arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		ValidArgsFunction: c.completeExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.show(args[0], c.overrides(cmd, args[1:]))
		},
	}
}

// show prints one experiment with overrides.
func (c *command) show(name string, overrides []string) error {
	file, err := c.runner().Read()
	if err != nil {
		return err
	}
	e, settings, err := file.Settings(name, overrides...)
	if err == nil {
		err = pipeline.CheckKeys(e, overrides)
	}
	if err != nil {
		return usageError{err}
	}
	if c.json {
		return printJSON(c.out, struct {
			Name     string           `json:"name"`
			Settings []config.Setting `json:"settings"`
		}{name, settings})
	}
	const most = 40 // columns of an assignment; a longer one pushes its comment to the right
	width := 0
	for _, s := range settings {
		width = max(width, min(utf8.RuneCountInString(s.TOML()), most))
	}
	if _, err := fmt.Fprintf(c.out, "[experiment.%s]\n", name); err != nil {
		return err
	}
	for _, s := range settings {
		if _, err := fmt.Fprintf(c.out, "%-*s # %s\n", width, s.TOML(), s.From); err != nil {
			return err
		}
	}
	return nil
}
