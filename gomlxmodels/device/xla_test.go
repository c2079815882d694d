//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import "testing"

// A GPU's memory is not taken whole unless that was asked for.
func TestPluginConfig(t *testing.T) {
	for _, test := range []struct {
		kind, options, want string
	}{
		{"cpu", "", "/p.so"},
		{"cpu", "tf32", "/p.so,tf32"},
		{"cuda", "", "/p.so,noshared_buffers,preallocate=false"},
		{"cuda", "tf32", "/p.so,noshared_buffers,preallocate=false,tf32"},
		{"cuda", "preallocate=true", "/p.so,noshared_buffers,preallocate=true"},
	} {
		if got := (plugin{kind: test.kind, path: "/p.so"}).config(test.options); got != test.want {
			t.Errorf("%s with options %q: %q, want %q", test.kind, test.options, got, test.want)
		}
	}
}
