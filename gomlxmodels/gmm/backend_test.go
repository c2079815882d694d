package gmm

import (
	"os"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
)

// eachBackend runs f on the Go backend, and on XLA's CPU plugin where
// PJRT_PLUGIN_LIBRARY_PATH names the folder of an installed one.
func eachBackend(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	t.Run("go", func(t *testing.T) { f(t, open(t, "go")) })
	t.Run("xla", func(t *testing.T) { f(t, openXLA(t)) })
}

func openXLA(t testing.TB) compute.Backend {
	if os.Getenv("PJRT_PLUGIN_LIBRARY_PATH") == "" {
		t.Skip("PJRT_PLUGIN_LIBRARY_PATH is not set: no XLA plugin to test with")
	}
	return open(t, "xla:cpu")
}

func open(t testing.TB, config string) compute.Backend {
	for _, name := range compute.List() {
		if name == config || name+":cpu" == config {
			b, err := compute.NewWithConfig(config)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Skipf("backend %s is not built in (needs cgo)", config)
	return nil
}
