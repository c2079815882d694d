//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package device

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/go-xla/installer"
)

// TestInstall fetches the plugin over the network into an empty cache and
// computes with it; 60 MB, so only on request.
func TestInstall(t *testing.T) {
	if os.Getenv("NECSTGEN_TEST_INSTALL") == "" {
		t.Skip("NECSTGEN_TEST_INSTALL is not set: would fetch 60 MB")
	}
	dir := alone(t)
	os.Unsetenv("GOMLX_NO_AUTO_INSTALL")
	var out strings.Builder
	d, err := Open(context.Background(), Options{Backend: "xla:cpu", Out: &out})
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.check(); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", d)
	d.Close()
	if !strings.HasPrefix(d.PluginPath, filepath.Join(dir, "cache", "necstgen", "pjrt")) {
		t.Errorf("installed to %s, want it in the cache folder", d.PluginPath)
	}
	again, err := Open(context.Background(), Options{Backend: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// serve gives a wheel with one member over HTTP.
func serve(t *testing.T) (url, digest string) {
	var wheel bytes.Buffer
	z := zip.NewWriter(&wheel)
	w, err := z.Create("package/" + wheelMember)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte("plugin"), 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/package.whl" {
			http.NotFound(w, r)
			return
		}
		w.Write(wheel.Bytes())
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(wheel.Bytes())
	return server.URL + "/package.whl", hex.EncodeToString(sum[:])
}

func fake(url, digest string) source {
	return source{
		name:   "test",
		locate: func() (string, string, error) { return url, digest, nil },
		unpack: func(file, dir string) (string, error) {
			return wheelMember, installer.ExtractFileFromZip(file, wheelMember, filepath.Join(dir, wheelMember))
		},
	}
}

// TestInstallTogether installs from ten goroutines into one cache: all get the
// same complete file, and nothing half-made is left.
func TestInstallTogether(t *testing.T) {
	url, digest := serve(t)
	cache := t.TempDir()
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			p, err := fake(url, digest).install(context.Background(), Options{}, cache)
			if err != nil {
				t.Error(err)
				return
			}
			if info, err := os.Stat(p.path); err != nil || info.Size() != 6<<20 || info.Mode()&0o100 == 0 {
				t.Errorf("%s: %v %v, want 6 MiB, executable", p.path, info, err)
			}
		})
	}
	wait.Wait()
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 {
		t.Errorf("cache holds %v (%v), want one folder", entries, err)
	}
}

func TestInstallRefuses(t *testing.T) {
	url, digest := serve(t)
	for _, test := range []struct {
		name   string
		source source
		want   string
	}{
		{"another digest", fake(url, strings.Repeat("0", 64)), digest},
		{"no such file", fake(url+"x", digest), "404"},
		{"no server", fake("http://127.0.0.1:1/x", digest), "connect"},
		{"no place", source{name: "test", locate: func() (string, string, error) { return "", "", errors.New("nowhere") }}, "nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cache := t.TempDir()
			_, err := test.source.install(context.Background(), Options{}, cache)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to say %q", err, test.want)
			}
			if entries, _ := os.ReadDir(cache); len(entries) != 0 {
				t.Errorf("%v is left in the cache", entries)
			}
		})
	}
}

// TestLocateCancelled: a lookup that hangs ends with the context.
func TestLocateCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	hang := make(chan struct{})
	defer close(hang)
	s := source{name: "test", locate: func() (string, string, error) { <-hang; return "", "", nil }}
	if _, err := s.install(ctx, Options{}, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
