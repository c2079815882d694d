package main

import (
	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
)

func (c *command) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "A JSON Schema of experiments.toml, with which editors complete it",
		Long: `Prints a JSON Schema of files of experiments. An editor with Taplo, as in Even Better
TOML, completes and checks a file whose first line names it:

  #:schema ./experiments.schema.json`,
		Example: "  go run ./experiments schema > experiments.schema.json",
		Args:    arguments(0, 0, "no argument"),
		RunE:    func(*cobra.Command, []string) error { return config.WriteSchema(c.out) },
	}
}
