//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import (
	"errors"
	"testing"
)

// The CUDA plugin is told that its buffers are not the host's.
func TestPluginConfig(t *testing.T) {
	for _, test := range []struct{ kind, options, want string }{
		{"cpu", "", "/p.so"},
		{"cpu", "tf32", "/p.so,tf32"},
		{"cuda", "", "/p.so,noshared_buffers"},
		{"cuda", "tf32=false", "/p.so,noshared_buffers,tf32=false"},
	} {
		if got := (plugin{kind: test.kind, path: "/p.so"}).config(test.options); got != test.want {
			t.Errorf("%s with options %q: %q, want %q", test.kind, test.options, got, test.want)
		}
	}
}

// The first text is what the CUDA plugin of jax-cuda13-pjrt 0.11.2 says, by way of
// go-xla, on a machine without a GPU.
func TestCause(t *testing.T) {
	for in, want := range map[string]string{
		"while creating plugin /p/xla_cuda_plugin.so for backend \"xla\": PJRT error (code=9): No visible GPU devices.\nstack": "PJRT error (code=9): No visible GPU devices.",
		"backend \"xla\":: cannot load\nstack": "backend \"xla\":: cannot load",
		"one line":                             "one line",
	} {
		if got := cause(errors.New(in)).Error(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
