package kernel_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

// Every error of Missing says how to get what is not there.
func ExampleMissing() {
	nothing := kernel.Options{Bin: "no/such/folder", Data: "no/such/folder", Python: "no/such/python"}
	for _, err := range kernel.Missing(context.Background(), nothing) {
		fmt.Println(strings.SplitN(err.Error(), " (", 2)[0])
	}
	// Output:
	// kernel: the Go kernel is not installed: go run ./experiments notebook installs it
	// kernel: no Python with nbclient was found: pip install jupyterlab
}
