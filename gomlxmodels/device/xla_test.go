//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import "testing"

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
