//go:build linux || darwin || freebsd

package catalog

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slow serves content in pieces, so that two fetches overlap, and counts requests.
func slow(t *testing.T, requests *atomic.Int32) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Length", "300000")
		for piece := content(); len(piece) > 0; piece = piece[min(len(piece), 30_000):] {
			w.Write(piece[:min(len(piece), 30_000)])
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Of many fetches at once one brings the file; none leaves anything behind.
func TestFetchAtOnce(t *testing.T) {
	for _, file := range []File{{SHA256: digest(content()), Size: 300_000}, {}} {
		var requests atomic.Int32
		c := one(t, slow(t, &requests), file)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := c.Fetch(context.Background(), "set", FetchOptions{AcceptUnknown: true}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		checkOpen(t, c, "set", content())
		if got := leftovers(t, c); got != "file.bin file.bin.sha256" || requests.Load() != 1 {
			t.Errorf("%d requests, left %s", requests.Load(), got)
		}
	}
}

// TestFetchInProcess is the other process of TestFetchByProcesses.
func TestFetchInProcess(t *testing.T) {
	url, dir := os.Getenv("CATALOG_TEST_URL"), os.Getenv("CATALOG_TEST_DIR")
	if url == "" {
		t.Skip("started by TestFetchByProcesses")
	}
	c := &Catalog{Dir: dir, Sets: []Info{{Name: "set", Files: []File{{Path: "file.bin", URL: url, SHA256: digest(content())}}}}}
	if err := c.Fetch(context.Background(), "set", FetchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestFetchByProcesses(t *testing.T) {
	var requests atomic.Int32
	url, dir := slow(t, &requests), t.TempDir()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFetchInProcess$")
			cmd.Env = append(os.Environ(), "CATALOG_TEST_URL="+url, "CATALOG_TEST_DIR="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	got, err := os.ReadFile(filepath.Join(dir, "set", "file.bin"))
	if err != nil || !bytes.Equal(got, content()) || requests.Load() != 1 {
		t.Errorf("%d bytes, %v, %d requests", len(got), err, requests.Load())
	}
}

// A fetch that waits for another ends with its context, and one that died holds
// nothing.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	if err := os.WriteFile(path, nil, 0o644); err != nil { // left by one that died
		t.Fatal(err)
	}
	unlock, err := lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second lock: %v", err)
	}
	unlock()
	if unlock, err = lock(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	unlock()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock is left: %v", err)
	}
	if _, err := lock(context.Background(), filepath.Join(path, "none", "x.lock")); err == nil {
		t.Error("a lock in a folder that is not there")
	}
}

// A fetched file that has changed is told, whether its digest is published or was
// noted.
func TestFetchChanged(t *testing.T) {
	for _, file := range []File{{SHA256: digest(content())}, {}} {
		var requests atomic.Int32
		c := one(t, slow(t, &requests), file)
		if c.Noted(c.Sets[0]) != (file.SHA256 != "") {
			t.Error("noted before the fetch")
		}
		options := FetchOptions{AcceptUnknown: true}
		if err := c.Fetch(context.Background(), "set", options); err != nil || !c.Noted(c.Sets[0]) {
			t.Fatal(err)
		}
		if err := c.Fetch(context.Background(), "set", options); err != nil {
			t.Errorf("fetched again: %v", err)
		}
		if err := os.WriteFile(filepath.Join(c.Dir, "set", "file.bin"), []byte("other"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := c.Fetch(context.Background(), "set", options); err == nil || !strings.Contains(err.Error(), "has changed") {
			t.Errorf("changed: %v", err)
		}
	}
}
