//go:build unix

package trace_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/trace"
)

// A named pipe is announced, then read as a stream; nobody who writes to it is
// waited for behind the end of the context.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := trace.OpenFile(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "is a pipe, which can be read only once: want a file") {
		t.Errorf("%v", err)
	}
	said := ""
	say := func(message string) { said = message }
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := trace.OpenFile(ctx, path, say); !errors.Is(err, context.DeadlineExceeded) || said != "reading "+path+", a pipe, to its end" {
		t.Errorf("%v, said %q", err, said)
	}
	from, err := os.Open(capture(t))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	go func() {
		to, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = io.Copy(to, from)
			to.Close()
		}
		if err != nil {
			t.Error(err)
		}
	}()
	tr, err := trace.OpenFile(t.Context(), path, say)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	got, err := collect(tr.Packets(t.Context(), trace.Selection{Limit: 1000}))
	if err != nil || len(got) != 1000 {
		t.Errorf("%d packets, %v", len(got), err)
	}
	if _, err := io.Copy(io.Discard, tr); err != nil {
		t.Error(err)
	}
}
