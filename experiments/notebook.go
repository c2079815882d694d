package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/doctor"
	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

func (c *command) notebookCommand() *cobra.Command {
	var only bool
	cmd := &cobra.Command{
		Use:   "notebook [-- ARGUMENT...]",
		Short: "Open JupyterLab, with the notebooks' Go kernel",
		Args:  cobra.ArbitraryArgs,
		Long: `Installs the notebooks' Go kernel where it is missing, and opens JupyterLab in their
folder. What stands behind -- is handed on to JupyterLab.`,
		Example: "  go run ./experiments notebook -- --no-browser --port=8899",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.notebook(cmd.Context(), only, args) },
	}
	cmd.Flags().BoolVar(&only, "install", false, "install the kernel again and do not open JupyterLab")
	return cmd
}

// notebook installs the kernel and starts JupyterLab in the folder of notebooks.
func (c *command) notebook(ctx context.Context, only bool, args []string) error {
	options := kernel.Options{Out: c.err}
	if only {
		return kernel.Install(ctx, options)
	}
	if len(kernel.Missing(ctx, options)) > 0 {
		if err := kernel.Install(ctx, options); err != nil {
			return err
		}
	}
	if missing := kernel.Missing(ctx, options); len(missing) > 0 {
		return fmt.Errorf("notebook: %w", missing[0])
	}
	return kernel.Lab(ctx, options, "notebooks", args...)
}

// notebooks are the findings on what notebooks need.
func notebooks(ctx context.Context) []doctor.Finding {
	missing := kernel.Missing(ctx, kernel.Options{})
	if len(missing) == 0 {
		return []doctor.Finding{{What: "notebooks", Works: true, Detail: "JupyterLab and the Go kernel are there"}}
	}
	var all []doctor.Finding
	for _, err := range missing {
		all = append(all, doctor.Finding{What: "notebooks", Detail: err.Error()})
	}
	return all
}
