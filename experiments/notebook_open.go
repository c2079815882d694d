package main

import (
	"context"
	"errors"
	"os"

	"github.com/necstgen/necstgen/experiments/doctor"
	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

// notebookFolder is the folder of the notebooks.
const notebookFolder = "notebooks"

// openNotebooks installs what is missing or of another version, compiles what cells import,
// and starts JupyterLab in the folder of notebooks. On a machine that is worked on over SSH
// it opens no browser.
func (c *command) openNotebooks(ctx context.Context, o notebookOptions, args []string) error {
	options := kernel.Options{Out: c.err}
	if o.venv {
		if err := kernel.InstallJupyterLab(ctx, options); err != nil {
			return err
		}
	}
	if err := kernel.Install(ctx, options); err != nil || o.install {
		return err
	}
	if err := errors.Join(kernel.Missing(ctx, options)...); err != nil {
		return err
	}
	browser := !o.noBrowser && os.Getenv("SSH_CONNECTION") == ""
	return kernel.Lab(ctx, options, notebookFolder, browser, args...)
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
