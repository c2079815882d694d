package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// notebookOptions are the flags of notebook.
type notebookOptions struct {
	install, venv, noBrowser, execute, check bool
}

func (c *command) notebookCommand() *cobra.Command {
	var o notebookOptions
	cmd := &cobra.Command{
		Use:   "notebook [NAME...] [-- ARGUMENT...]",
		Short: "Open JupyterLab, with the notebooks' Go kernel",
		Args:  cobra.ArbitraryArgs,
		Long: `Installs the notebooks' Go kernel where it is missing or old, compiles what cells import,
opens JupyterLab in their folder and says its address. The kernel has a name of its own, "Go (necstgen)"; no other kernel is
touched. With --install it opens nothing: for an editor or a JupyterLab of your own. What stands behind -- is handed on to JupyterLab.

With --execute every notebook is run from its first cell to its last, or those
named are, and what they show is stored; --check runs them and fails where what is stored
is not what they show. Both keep runs in a folder that is removed afterwards, unless --runs
names one.`,
		Example: `  go run ./experiments notebook
  go run ./experiments notebook --venv --no-browser -- --port=8899
  go run ./experiments notebook --check 01_quickstart`,
		ValidArgsFunction: completeNotebook,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, forwarded := args, []string(nil)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				names, forwarded = args[:dash], args[dash:]
			}
			if o.execute || o.check {
				if len(forwarded) > 0 {
					return usage(cmd, errors.New("notebook: --execute and --check start no JupyterLab that could take what stands behind --"))
				}
				return c.runNotebooks(cmd, names, o.check)
			}
			if len(names) > 0 {
				return usage(cmd, errors.New("notebook: names go with --execute or --check; JupyterLab opens the folder of all"))
			}
			return c.openNotebooks(cmd.Context(), o, forwarded)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.install, "install", false, "install the kernel and do not open JupyterLab")
	flags.BoolVar(&o.venv, "venv", false, "first put JupyterLab into a Python environment of its own")
	flags.BoolVar(&o.noBrowser, "no-browser", false, "open no browser, and say how another machine gets there")
	flags.BoolVar(&o.execute, "execute", false, "run the notebooks and store what they show")
	flags.BoolVar(&o.check, "check", false, "run the notebooks and compare what they show with what is stored")
	cmd.MarkFlagsMutuallyExclusive("execute", "check", "install")
	return cmd
}
