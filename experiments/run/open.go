package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/store"
)

// LatestRun opens the run of an experiment that finished last.
func LatestRun(runsDir, experiment string) (*Manifest, error) {
	dir, err := latestFolder(runsDir, experiment)
	if err != nil {
		return nil, err
	}
	return Open(dir)
}

// latestFolder returns the folder of the run of an experiment that finished last.
func latestFolder(runsDir, experiment string) (string, error) {
	target, err := os.Readlink(filepath.Join(runsDir, experiment, "latest"))
	if err != nil {
		return "", fmt.Errorf("run: no finished run of %s under %s: make one with: %s run %s", experiment, runsDir, Program(), experiment)
	}
	return filepath.Join(runsDir, experiment, target), nil
}

// Find opens the run that ref names: a run folder, an experiment (its latest
// run), experiment/id, where the first letters of the id will do, or the name that
// a user gave to a run. An experiment that has the name of a run is the one meant.
func Find(runsDir, ref string) (*Manifest, error) {
	if _, err := os.Stat(filepath.Join(ref, ManifestName)); err == nil {
		return Open(filepath.Clean(ref))
	}
	dir, err := Folder(runsDir, ref)
	if err != nil {
		return nil, err
	}
	return Open(dir)
}

// Folder returns the folder below runsDir that ref names: an experiment's latest run,
// experiment/id, or a run's name, as for Find. The folder need not hold a manifest that
// can be read.
func Folder(runsDir, ref string) (string, error) {
	experiment, id, exact := strings.Cut(strings.TrimSuffix(filepath.ToSlash(ref), "/"), "/")
	if !filepath.IsLocal(filepath.FromSlash(ref)) || strings.Contains(id, "/") {
		return "", fmt.Errorf("run: %s: no %s there: want a run folder, an experiment, experiment/id, or the name of a run", ref, ManifestName)
	}
	if !exact || id == "latest" {
		dir, err := latestFolder(runsDir, experiment)
		if err == nil || exact {
			return dir, err
		}
		named, other := namedFolder(runsDir, experiment)
		if other == nil && named == "" {
			other = err
		}
		return named, other
	}
	ids, err := IDs(runsDir, experiment)
	if err != nil {
		return "", err
	}
	ids = slices.DeleteFunc(ids, func(have string) bool { return !strings.HasPrefix(have, id) })
	if len(ids) != 1 {
		return "", fmt.Errorf("run: %s: %d runs under %s have an id that begins so", ref, len(ids), runsDir)
	}
	return filepath.Join(runsDir, experiment, ids[0]), nil
}

// IDs lists the runs of an experiment, finished or not, sorted.
func IDs(runsDir, experiment string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(runsDir, experiment))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && !temporary(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// Path is where an artifact of the run lies. What reads it should Check it first.
func (m *Manifest) Path(name string) string { return filepath.Join(m.Dir, filepath.FromSlash(name)) }

// FS is the run folder.
func (m *Manifest) FS() fs.FS { return os.DirFS(m.Dir) }

// artifact finds an artifact by name.
func (m *Manifest) artifact(name string) (Artifact, error) {
	i := slices.IndexFunc(m.Artifacts, func(a Artifact) bool { return a.Name == name })
	if i < 0 {
		return Artifact{}, fmt.Errorf("run: %s has no %s: %w", m.Dir, name, fs.ErrNotExist)
	}
	return m.Artifacts[i], nil
}

// Has reports whether the run has an artifact of that name.
func (m *Manifest) Has(name string) bool {
	_, err := m.artifact(name)
	return err == nil
}

// Check digests artifacts again and reports the first that is missing or not what
// the manifest says. A name that ends in "/" stands for all artifacts in that folder.
func (m *Manifest) Check(names ...string) error {
	for _, name := range names {
		if !strings.HasSuffix(name, "/") {
			a, err := m.artifact(name)
			if _, gone := os.Stat(m.Path(name)); err == nil && gone != nil {
				err = fmt.Errorf("run: %s has lost %s: %w", m.Dir, name, fs.ErrNotExist)
			}
			if err == nil {
				err = verify(m.FS(), a)
			}
			if err != nil {
				return m.changed(err)
			}
			continue
		}
		for _, a := range m.Artifacts {
			if !strings.HasPrefix(a.Name, name) {
				continue
			}
			if err := verify(m.FS(), a); err != nil {
				return m.changed(err)
			}
		}
	}
	return nil
}

// changed adds what to do about a file that is not what it was.
func (m *Manifest) changed(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("run: %s: %w: run the experiment again, which puts back what it has made", m.Dir, err)
}

// Open opens an artifact whose digest is what the manifest says.
func (m *Manifest) Open(name string) (io.ReadCloser, error) {
	a, err := m.artifact(name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(m.Path(name))
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if _, sum, _ := store.Digest(bytes.NewReader(text)); sum != a.SHA256 { // memory can be read
		return nil, m.changed(fmt.Errorf("%s has another digest than the manifest", name))
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}

// Replace writes one file of a finished run again, or adds one, and notes its new
// digest in the manifest.
func (m *Manifest) Replace(name string, write func(io.Writer) error) error {
	if m.Status != Finished {
		return fmt.Errorf("run: %s is %s: want a finished run", m.Dir, m.Status)
	}
	a, err := writeArtifact(m.Dir, name, write)
	if err != nil {
		return err
	}
	artifacts := map[string]Artifact{name: a}
	for _, old := range m.Artifacts {
		if old.Name != name {
			artifacts[old.Name] = old
		}
	}
	m.Artifacts = sorted(artifacts)
	return m.save()
}

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
