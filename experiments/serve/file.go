package serve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
)

// file is a file of a run with a link to it.
type file struct {
	Name, Link string
	Bytes      int64 // -1: unknown
}

// shownKinds are the kinds of files that a browser shows, by the endings of their names;
// it saves all others.
var shownKinds = map[string]string{
	".html": "text/html; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
	".json": "application/json", ".jsonl": "text/plain; charset=utf-8", ".diff": "text/plain; charset=utf-8",
}

// filePolicy is the Content-Security-Policy of a file, which may have come from elsewhere
// with an imported run: it is a document of no site, loads nothing and runs no script.
const filePolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

// file answers with a file of a run: one that the manifest names, its log, or the
// manifest. A link that leads out of the folder of the runs is not followed.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	found, err := s.find(r.PathValue("experiment") + "/" + r.PathValue("id"))
	name := r.PathValue("file")
	if err == nil && !found.Manifest.Has(name) && name != run.LogName && name != run.ManifestName {
		err = fmt.Errorf("the run has no file %s", name)
	}
	if err != nil {
		s.problem(w, r, http.StatusNotFound, err)
		return
	}
	f, info, err := s.open(found.Manifest, name)
	if err != nil {
		s.problem(w, r, http.StatusNotFound, err)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	kind, shown := shownKinds[path.Ext(name)]
	if !shown {
		kind = "application/octet-stream"
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	}
	h.Set("Content-Type", kind)
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// open opens a regular file of a run that lies below the folder of the runs.
func (s *Server) open(m *run.Manifest, name string) (*os.File, os.FileInfo, error) {
	root, err := os.OpenRoot(s.runs)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	inside := filepath.Join(filepath.FromSlash(folder(m)), filepath.FromSlash(name))
	info, err := root.Stat(inside) // before it is opened: to open a pipe would wait for its writer
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", name)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	f, err := root.Open(inside)
	return f, info, err
}

// logLines and logBytes bound the end of a log that a page shows.
const (
	logLines = 16
	logBytes = 16 << 10
)

// logEnd returns the last lines of a run's log, with the time of day of each; none: it has no log.
func (s *Server) logEnd(m *run.Manifest) ([]string, error) {
	f, info, err := s.open(m, run.LogName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from := max(0, info.Size()-logBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, logBytes))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if from > 0 {
		lines = lines[1:] // it may have been cut
	}
	lines = lines[max(0, len(lines)-logLines):]
	for i, line := range lines {
		at, text, _ := strings.Cut(line, " ")
		if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
			lines[i] = t.Local().Format(time.TimeOnly) + "  " + text
		}
	}
	return lines, nil
}
