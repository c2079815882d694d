// Package devicetest opens backends for tests, as programs open them: by package
// device, so that a plugin that a run has installed is found. Nothing is
// installed by a test. A backend is opened once for all tests of a package, which
// may so share what they have compiled for it.
package devicetest

import (
	"cmp"
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// Each runs f on the Go backend and on XLA's CPU plugin, the latter where there is one.
func Each(t *testing.T, f func(t *testing.T, b compute.Backend)) {
	t.Run("go", func(t *testing.T) { f(t, Go(t)) })
	t.Run("xla", func(t *testing.T) { f(t, XLA(t)) })
}

var (
	openGo   = opening("go")
	openXLA  = opening("xla:cpu")
	openCUDA = opening(cmp.Or(os.Getenv("NECSTGEN_GPU"), "xla:cuda"))
)

// opening returns a function that opens a backend the first time it is called.
func opening(name string) func() (*device.Device, error) {
	return sync.OnceValues(func() (*device.Device, error) {
		return device.Open(context.Background(), device.Options{Backend: name, NoInstall: true})
	})
}

// Go is the Go backend.
func Go(t testing.TB) compute.Backend {
	t.Helper()
	d, err := openGo()
	if err != nil {
		t.Fatal(err)
	}
	return d.Backend
}

// XLA is XLA's CPU plugin; without one the test is skipped.
func XLA(t testing.TB) compute.Backend {
	t.Helper()
	d, err := openXLA()
	if err != nil {
		t.Skipf("skipped: no XLA plugin for the CPU: %v", err)
	}
	return d.Backend
}

// CUDA is a GPU, which computes without TF32 as package device has it, so that it can
// be compared with a CPU. Without one, or without its plugin, the test is skipped. The
// variable NECSTGEN_GPU names another backend in its place: with xla:cpu there, what a
// GPU is tested with has run where there is none.
func CUDA(t testing.TB) compute.Backend {
	t.Helper()
	d, err := openCUDA()
	if err != nil {
		t.Skipf("skipped: no GPU to compute on: %v", err)
	}
	t.Logf("device: %s, %s, %s", d.Description, d.PluginPath, d.PluginVersion)
	return d.Backend
}

// Fastest is a GPU where there is one, else XLA's CPU plugin; without either the
// test is skipped.
func Fastest(t testing.TB) compute.Backend {
	t.Helper()
	d, err := openCUDA()
	if err != nil {
		return XLA(t)
	}
	t.Logf("device: %s, %s, %s", d.Description, d.PluginPath, d.PluginVersion)
	return d.Backend
}

// IsGo reports whether b is the Go backend. On XLA's each shape is a compilation, so a
// test may leave shapes out there.
func IsGo(b compute.Backend) bool { return strings.HasPrefix(strings.ToLower(b.Name()), "go") }
