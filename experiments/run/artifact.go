package run

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/store"
)

// Enter takes a stage's entry into the run: its files are linked into the folder,
// its metrics appended to metrics.jsonl, and it is a row of the stage table. reused
// says that the entry was there before, so its doubts have not been said yet.
func (r *Run) Enter(e *store.Entry, reused bool) error {
	if err := r.Intact(); err != nil {
		return err
	}
	if err := e.Link(r.Dir()); err != nil {
		return err
	}
	if err := r.appendMetrics(e); err != nil {
		return err
	}
	if reused {
		for _, text := range e.Warnings {
			r.Warn(text)
		}
	}
	s := Stage{Name: e.Stage, Key: e.Key, Started: e.Started, Seconds: e.Seconds, Reused: reused, Note: e.Note, Warnings: e.Warnings, Artifacts: map[string]string{}}
	r.mu.Lock()
	for _, a := range e.Artifacts {
		s.Artifacts[a.Name] = a.SHA256
		r.added[a.Name] = a
	}
	r.manifest.Stages = append(r.manifest.Stages, s)
	r.mu.Unlock()
	duration := Seconds(s.Seconds)
	if reused {
		duration = "reused"
	}
	r.Log("stage %s: %s", s.Name, duration)
	r.out.row(s.Name, duration, s.Note)
	return r.save()
}

// appendMetrics appends an entry's metrics to the run's.
func (r *Run) appendMetrics(e *store.Entry) error {
	in, err := e.Metrics()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(r.Path(MetricsName), os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err != nil {
		err = fmt.Errorf("run: metrics of stage %s: %w", e.Stage, err)
	}
	return errors.Join(err, out.Close())
}

// WriteFile makes a file of the run that is no stage's, as the report, of what
// write writes.
func (r *Run) WriteFile(name string, write func(io.Writer) error) error {
	a, err := writeArtifact(r.Dir(), name, write)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.added[name] = a
	return nil
}

// writeArtifact writes one file of a run folder.
func writeArtifact(dir, name string, write func(io.Writer) error) (Artifact, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || name == ManifestName || name == LogName {
		return Artifact{}, fmt.Errorf("run: artifact %q: want a name inside the run folder", name)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = atomicfile.Write(path, write)
	}
	a := Artifact{Name: name}
	if err == nil {
		a.Bytes, a.SHA256, err = store.DigestFile(path)
	}
	if err != nil {
		return a, fmt.Errorf("run: artifact %s: %w", name, err)
	}
	return a, nil
}

// sorted lists artifacts by name.
func sorted(artifacts map[string]Artifact) []Artifact {
	list := slices.AppendSeq(make([]Artifact, 0, len(artifacts)), maps.Values(artifacts))
	slices.SortFunc(list, func(a, b Artifact) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// save writes manifest.json.
func (r *Run) save() error {
	return r.Manifest().save()
}

func (m *Manifest) save() error {
	text, err := m.Text()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(m.Dir, ManifestName), text); err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	return nil
}
