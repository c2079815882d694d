package run

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/necstgen/necstgen/experiments/store"
)

// Verify digests every file of a run folder again and compares with its
// manifest. It reports every file that is missing, changed or not in the
// manifest, joined.
func Verify(dir string) error {
	m, err := Open(dir)
	if err != nil {
		return err
	}
	fsys := m.FS()
	var problems []error
	if m.Status != Finished {
		problems = append(problems, fmt.Errorf("run: status is %s", m.Status))
	}
	listed := map[string]bool{ManifestName: true, LogName: true, WorkName: m.Status != Finished} // a run that was killed keeps the last
	for _, a := range m.Artifacts {
		listed[a.Name] = true
		if err := verify(fsys, a); err != nil {
			problems = append(problems, fmt.Errorf("run: %w", err))
		}
	}
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !listed[path] {
			problems = append(problems, fmt.Errorf("run: %s is not in the manifest", path))
		}
		return err
	})
	return errors.Join(append(problems, err)...)
}

// verify compares one file with its entry.
func verify(fsys fs.FS, a Artifact) error {
	f, err := fsys.Open(a.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing", a.Name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	bytes, sha, err := store.Digest(f)
	switch {
	case err != nil:
		return err
	case bytes != a.Bytes:
		return fmt.Errorf("%s has %d bytes, the manifest says %d", a.Name, bytes, a.Bytes)
	case sha != a.SHA256:
		return fmt.Errorf("%s has another digest than the manifest", a.Name)
	}
	return nil
}
