package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/datasets/filelock"
)

// Broken is a folder among the runs whose manifest cannot be read.
type Broken struct {
	Dir string
	Err error
}

// List reads the manifests of all runs below runsDir, the one that was started last
// first, and names the folders that have none that can be read. A folder of runs that
// does not exist has none.
func List(runsDir string) ([]*Manifest, []Broken, error) {
	dirs, broken, err := Folders(runsDir)
	if err != nil {
		return nil, nil, err
	}
	var runs []*Manifest
	for _, dir := range dirs {
		if m, err := Open(dir); err != nil {
			broken = append(broken, Broken{dir, err})
		} else {
			runs = append(runs, m)
		}
	}
	slices.SortStableFunc(runs, func(a, b *Manifest) int { return b.Started.Compare(a.Started) })
	return runs, broken, nil
}

// Folders returns the run folders below runsDir, by experiment and id, and the folders
// of experiments that cannot be read. A folder of runs that does not exist has none.
func Folders(runsDir string) (dirs []string, broken []Broken, err error) {
	entries, err := os.ReadDir(runsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("run: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() || temporary(e.Name()) {
			continue
		}
		ids, err := IDs(runsDir, e.Name())
		if err != nil {
			broken = append(broken, Broken{filepath.Join(runsDir, e.Name()), err})
		}
		for _, id := range ids {
			dirs = append(dirs, filepath.Join(runsDir, e.Name(), id))
		}
	}
	return dirs, broken, nil
}

// State is the status of a run now: one whose manifest says that it is running and
// that no process writes was killed, which makes it an interrupted one.
func (m *Manifest) State() Status {
	if m.Status == Running && !underWay(m.Dir) {
		return Interrupted
	}
	return m.Status
}

// Ref is the shortest text by which Find finds the run: its name, or experiment/id.
func (m *Manifest) Ref() string {
	if m.Name != "" {
		return m.Name
	}
	return m.Experiment + "/" + m.ID
}

// underWay reports whether a process writes the run in a folder.
func underWay(dir string) bool {
	lock, err := filelock.Try(dir)
	if lock == nil {
		return err == nil
	}
	lock.Close()
	return false
}

// Remove removes a run folder and makes latest point to the run of the experiment that
// finished last of those that remain, if there is one. What the run's stages have made
// stays in the store. The error is ErrLocked where the run is under way.
func Remove(dir string) error {
	lock, err := claim(dir)
	if err != nil {
		return fmt.Errorf("run: %w: not removed", err)
	}
	defer lock.Close()
	hidden := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)) // nobody takes half of it for a run
	err = os.RemoveAll(hidden)                                         // a removal that was killed has left it
	if err == nil {
		err = os.Rename(dir, hidden)
	}
	if err == nil {
		err = errors.Join(os.RemoveAll(hidden), mendLatest(dir))
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}
