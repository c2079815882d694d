//go:build unix

package serve

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// A pipe in the place of a file does not hold the server up.
func TestPipe(t *testing.T) {
	f := newFolder(t)
	path := f.finished.Path("latent.json")
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	w := get(f.server().Handler(), "GET", "/runs/"+folder(f.finished)+"/latent.json", "localhost")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "is no file") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
