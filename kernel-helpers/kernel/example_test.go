package kernel_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

// Every error of Missing says how to get what is not there.
func ExampleMissing() {
	nothing := kernel.Options{Data: "no/such/folder", Python: "no/such/python"}
	for _, err := range kernel.Missing(context.Background(), nothing) {
		fmt.Println(strings.SplitN(err.Error(), " (", 2)[0])
	}
	// Output:
	// kernel: the notebooks' Go kernel is not installed: go run ./experiments notebook --install installs it
	// kernel: no Python with JupyterLab was found: pip install jupyterlab, or go run ./experiments notebook --venv, which puts it into an environment of its own
}
