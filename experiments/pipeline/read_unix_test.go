//go:build unix

package pipeline

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe is refused at once, before anybody waits for what it may bring.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes: %v", err)
	}
	_, err := readOf(t, experiment(t, "data.path="+path))
	if err == nil || !strings.Contains(err.Error(), "x.pcap is a pipe, which can be read only once: want a file") {
		t.Errorf("%v", err)
	}
}
