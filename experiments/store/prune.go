package store

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/filelock"
)

// Usage is an entry in a list of the store.
type Usage struct {
	*Entry
	Bytes int64     `json:"bytes"` // of its artifacts
	Used  time.Time `json:"used"`  // when it was made or taken out last
}

// List returns every entry, by stage and then the one used last first.
func (s *Store) List() ([]Usage, error) {
	var all []Usage
	err := s.walk(func(dir string) error {
		info, err := os.Stat(filepath.Join(dir, recordName))
		if err != nil {
			return nil // pruned meanwhile
		}
		e, err := readEntry(dir)
		if err != nil {
			return nil // of another version: Prune removes it
		}
		u := Usage{Entry: e, Used: info.ModTime()}
		for _, a := range e.Artifacts {
			u.Bytes += a.Bytes
		}
		all = append(all, u)
		return nil
	})
	slices.SortFunc(all, func(a, b Usage) int {
		return cmp.Or(strings.Compare(a.Stage, b.Stage), b.Used.Compare(a.Used))
	})
	return all, err
}

// walk calls visit for the folder of each entry, readable or not.
func (s *Store) walk(visit func(dir string) error) error {
	return filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || !d.IsDir():
			return err
		case isKey(d.Name()):
			if err := visit(path); err != nil {
				return err
			}
			return fs.SkipDir
		case strings.Contains(d.Name(), partial) || strings.Contains(d.Name(), goneMark):
			return fs.SkipDir
		}
		return nil
	})
}

// Prune removes all but the keep entries of each stage that were used last, those
// of other versions of this program, and what ended processes have left. Run
// folders keep their files, which are links of their own. It returns what it
// removed.
func (s *Store) Prune(keep int) ([]Usage, error) {
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	left := make(map[string]int)
	var removed []Usage
	for _, u := range all {
		if left[u.Stage]++; left[u.Stage] > keep {
			removed = append(removed, u)
			err = errors.Join(err, s.discard(u.Dir))
		}
	}
	unreadable := s.walk(func(dir string) error {
		_, err := readEntry(dir)
		if err == nil { // it is kept, or was made just now
			return nil
		}
		if _, io := errors.AsType[*fs.PathError](err); io && !errors.Is(err, fs.ErrNotExist) {
			return err // nothing is known of it: it may be another user's
		}
		return s.discard(dir)
	})
	return removed, errors.Join(err, unreadable, s.pruneLeft())
}

// pruneLeft removes the folders of claims that nobody holds, and what a killed
// process was removing or writing.
func (s *Store) pruneLeft() error {
	var left []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.IsDir() && (strings.HasSuffix(path, partial) || strings.Contains(d.Name(), goneMark)) {
			left = append(left, path)
			return fs.SkipDir
		}
		if err == nil && filepath.Dir(path) == s.dir && strings.HasSuffix(path, atomicfile.Suffix) {
			// These are known digests: whoever writes them just now does without.
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return err
	})
	for _, dir := range left {
		lock, failed := filelock.Try(dir)
		if lock == nil {
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, os.RemoveAll(dir), lock.Close())
	}
	return err
}
