package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/filelock"
)

// ErrLocked says that another process is writing the run.
var ErrLocked = errors.New("another process is writing this run")

// claim locks a run folder. Whoever looks whether a run is under way holds its lock for
// a moment, so a lock that is held is tried again for a tenth of a second.
func claim(dir string) (*os.File, error) {
	for try := 0; ; try++ {
		lock, err := filelock.Try(dir)
		if err != nil || lock != nil {
			return lock, err
		}
		if try == 5 {
			return nil, fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// latest makes the link latest beside a run folder point to it. Of many processes
// that do so at once the last one wins, and at every moment there is a link.
func latest(dir string) error {
	link := filepath.Join(filepath.Dir(dir), "latest")
	temporary := fmt.Sprintf("%s.%d-%s", link, os.Getpid(), filepath.Base(dir))
	_ = os.Remove(temporary) // left by a killed process of this number, if by any
	if err := os.Symlink(filepath.Base(dir), temporary); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.Rename(temporary, link); err != nil {
		return fmt.Errorf("run: %w", errors.Join(err, os.Remove(temporary)))
	}
	return nil
}

// temporary reports whether a name is that of a link or file that is being written.
func temporary(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, atomicfile.Suffix)
}

// mendLatest makes the link latest beside the removed folder dir point to another
// run if it pointed to that one, and removes it if there is none.
func mendLatest(dir string) error {
	folder := filepath.Dir(dir)
	link := filepath.Join(folder, "latest")
	if target, err := os.Readlink(link); err == nil && strings.TrimSuffix(target, "/") == filepath.Base(dir) {
		last, err := lastFinished(folder)
		if err != nil {
			return err
		}
		if last != "" {
			return latest(last)
		}
		if err := os.Remove(link); err != nil {
			return err
		}
	}
	_ = os.Remove(folder) // the last run of an experiment takes its folder with it; any other stays
	return nil
}

// lastFinished returns the folder of the run of an experiment that finished last; "":
// none has finished.
func lastFinished(folder string) (string, error) {
	ids, err := IDs(filepath.Split(folder))
	if err != nil {
		return "", err
	}
	var last *Manifest
	for _, id := range ids {
		m, err := Open(filepath.Join(folder, id))
		if err == nil && m.Status == Finished && (last == nil || m.Finished.After(last.Finished)) {
			last = m
		}
	}
	if last == nil {
		return "", nil
	}
	return last.Dir, nil
}
