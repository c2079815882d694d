package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Adopt moves a finished run that was put together in the folder staged, which is on the
// same file system, to its place below runsDir, where it is called so. A run that is there
// already, with the same results, stays as it is and is returned as one that is not fresh; one
// with other results is an error. check, unless nil, refuses what the run is called.
func Adopt(runsDir, staged string, called Annotation, check func(a Annotation, dir string) error) (m *Manifest, fresh bool, err error) {
	if m, err = Open(staged); err != nil {
		return nil, false, err
	}
	if err := m.checkPlace(); err != nil {
		return nil, false, fmt.Errorf("run: %s: %w", ManifestName, err)
	}
	dir := filepath.Join(runsDir, m.Experiment, m.ID)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		there, err := m.same(dir)
		return there, false, err
	}
	m.Annotation = m.Annotation.With(called)
	if check != nil {
		err = check(m.Annotation, dir)
	}
	if err == nil {
		err = naming(runsDir, m.Name, dir, func() error { return m.moveTo(dir) })
	}
	if errors.Is(err, fs.ErrExist) { // another process has made it meanwhile
		there, err := m.same(dir)
		return there, false, err
	}
	if err != nil {
		return nil, false, err
	}
	return m, true, nil
}

// checkPlace refuses a manifest of a run that cannot be adopted: one that has not
// finished, or whose experiment and id are no names of folders.
func (m *Manifest) checkPlace() error {
	switch {
	case m.Status != Finished:
		return fmt.Errorf("status %q: want a finished run", m.Status)
	case !isWord(m.Experiment):
		return fmt.Errorf("experiment %q: want letters, digits and hyphens", m.Experiment)
	case !isID(m.ID):
		return fmt.Errorf("id %q: want %d hexadecimal digits", m.ID, idDigits)
	}
	return nil
}

// same returns the run in dir, which has to have the same files.
func (m *Manifest) same(dir string) (*Manifest, error) {
	there, err := Open(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: want that folder removed first, or another one with --runs", err)
	}
	if !slices.Equal(there.results(), m.results()) || Verify(dir) != nil {
		return nil, fmt.Errorf("run: %s is there, and has other results: want it removed first, or another folder with --runs", dir)
	}
	return there, nil
}

// results are the files that stages have made, which the report is not among: it is
// written again at will.
func (m *Manifest) results() []Artifact {
	var results []Artifact
	for _, a := range m.Artifacts {
		made := func(s Stage) bool { return s.Artifacts[a.Name] == a.SHA256 }
		if slices.ContainsFunc(m.Stages, made) {
			results = append(results, a)
		}
	}
	return results
}

// moveTo gives the run's folder its place and makes latest point to the run of its
// experiment that finished last.
func (m *Manifest) moveTo(dir string) error {
	if err := m.save(); err != nil {
		return err
	}
	err := os.MkdirAll(filepath.Dir(dir), 0o777)
	if err == nil {
		err = os.Rename(m.Dir, dir)
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	m.Dir = dir
	last, err := lastFinished(filepath.Dir(dir))
	if err == nil && last != "" {
		err = latest(last)
	}
	return err
}
