package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open reads the manifest of a run folder.
func Open(dir string) (*Manifest, error) {
	m, err := readManifest(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("run: %s: %w", dir, err)
	}
	m.Dir = dir
	return m, nil
}

func readManifest(fsys fs.FS) (*Manifest, error) {
	data, err := fs.ReadFile(fsys, ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no %s: this is no run folder: %w", ManifestName, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestName, err)
	}
	if m.Schema != SchemaVersion {
		return nil, fmt.Errorf("%s: schema %d: this program reads %d", ManifestName, m.Schema, SchemaVersion)
	}
	return m, nil
}

// LatestRun opens the run of an experiment that finished last.
func LatestRun(runsDir, experiment string) (*Manifest, error) {
	link := filepath.Join(runsDir, experiment, "latest")
	target, err := os.Readlink(link)
	if err != nil {
		return nil, fmt.Errorf("run: no finished run of %s under %s: make one with: go run ./experiments run %s", experiment, runsDir, experiment)
	}
	return Open(filepath.Join(runsDir, experiment, target))
}

// Find opens the run that ref names: a run folder, an experiment (its latest
// run), or experiment/id, where the first letters of the id will do.
func Find(runsDir, ref string) (*Manifest, error) {
	if _, err := os.Stat(filepath.Join(ref, ManifestName)); err == nil {
		return Open(filepath.Clean(ref))
	}
	experiment, id, exact := strings.Cut(strings.TrimSuffix(filepath.ToSlash(ref), "/"), "/")
	if !filepath.IsLocal(filepath.FromSlash(ref)) || strings.Contains(id, "/") {
		return nil, fmt.Errorf("run: %s: no %s there: want a run folder, an experiment, or experiment/id", ref, ManifestName)
	}
	if !exact || id == "latest" {
		return LatestRun(runsDir, experiment)
	}
	ids, err := IDs(runsDir, experiment)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(have string) bool { return !strings.HasPrefix(have, id) })
	if len(ids) != 1 {
		return nil, fmt.Errorf("run: %s: %d runs under %s have an id that begins so", ref, len(ids), runsDir)
	}
	return Open(filepath.Join(runsDir, experiment, ids[0]))
}

// IDs lists the finished runs of an experiment, sorted.
func IDs(runsDir, experiment string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(runsDir, experiment))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && !strings.Contains(e.Name(), ".") {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// Path is where an artifact of the run lies.
func (m *Manifest) Path(name string) string { return filepath.Join(m.Dir, filepath.FromSlash(name)) }

// FS is the run folder.
func (m *Manifest) FS() fs.FS { return os.DirFS(m.Dir) }

// Metrics reads metrics.jsonl.
func (m *Manifest) Metrics() ([]Metric, error) {
	f, err := os.Open(m.Path(MetricsName))
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	defer f.Close()
	var metrics []Metric
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var metric Metric
		if err := json.Unmarshal(lines.Bytes(), &metric); err != nil {
			return metrics, fmt.Errorf("run: %s:%d: %w", m.Path(MetricsName), n, err)
		}
		metrics = append(metrics, metric)
	}
	if err := lines.Err(); err != nil {
		return metrics, fmt.Errorf("run: %s: %w", m.Path(MetricsName), err)
	}
	return metrics, nil
}
