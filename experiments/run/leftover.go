package run

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/filelock"
)

// Beginnings of the names of folders below the folder of runs that are no experiments.
const (
	importing = ".import-" // a run is put together in it before it is adopted
	rerunning = ".rerun-"  // a run is run again in it
)

// Scratch is a folder below the folder of runs in which one command works. It is locked as
// long as it is open.
type Scratch struct {
	Dir  string
	lock *os.File
}

// ImportScratch makes a folder in which a run can be put together.
func ImportScratch(runsDir string) (*Scratch, error) {
	return openScratch(filepath.Join(runsDir, fmt.Sprintf("%s%016x", importing, rand.Uint64())))
}

// RerunScratch opens the folder in which a run is run again. What was interrupted in it is
// still there. The error is ErrLocked where another process runs it again.
func RerunScratch(runsDir, id string) (*Scratch, error) {
	return openScratch(filepath.Join(runsDir, rerunning+id))
}

func openScratch(dir string) (*Scratch, error) {
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		var lock *os.File
		if lock, err = claim(dir); err == nil {
			return &Scratch{Dir: dir, lock: lock}, nil
		}
	}
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("run: %w: wait until it has ended", err)
	}
	return nil, fmt.Errorf("run: %w; choose another folder with --runs", err)
}

// Close lets the folder go. What is in it stays.
func (s *Scratch) Close() error { return s.lock.Close() }

// Remove removes the folder and lets it go.
func (s *Scratch) Remove() error { return errors.Join(os.RemoveAll(s.Dir), s.lock.Close()) }

// Leftover is a folder that a command has left: one that was killed, or rerun of a run that
// was not what it was.
type Leftover struct {
	Dir   string `json:"folder"`
	Bytes int64  `json:"bytes"` // of its files
}

// Leftovers lists the folders below runsDir that commands have left and that no process
// uses.
func Leftovers(runsDir string) ([]Leftover, error) {
	var left []Leftover
	err := eachLeftover(runsDir, func(l Leftover) error { left = append(left, l); return nil })
	return left, err
}

// RemoveLeftovers removes what Leftovers lists and returns what it has removed.
func RemoveLeftovers(runsDir string) ([]Leftover, error) {
	var removed []Leftover
	err := eachLeftover(runsDir, func(l Leftover) error {
		if err := os.RemoveAll(l.Dir); err != nil {
			return fmt.Errorf("run: %w", err)
		}
		removed = append(removed, l)
		return nil
	})
	return removed, err
}

// eachLeftover calls do for each folder that was left, which is locked meanwhile.
func eachLeftover(runsDir string, do func(Leftover) error) error {
	dirs, err := scratchFolders(runsDir)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	for _, dir := range dirs {
		if err := leftover(dir, do); err != nil {
			return err
		}
	}
	return nil
}

// scratchFolders lists the folders below runsDir that commands work in, and those that
// Remove has hidden and not removed.
func scratchFolders(runsDir string) ([]string, error) {
	entries, err := os.ReadDir(runsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var dirs []string
	for _, e := range entries {
		path := filepath.Join(runsDir, e.Name())
		if strings.HasPrefix(e.Name(), importing) || strings.HasPrefix(e.Name(), rerunning) {
			dirs = append(dirs, path)
		}
		if !e.IsDir() || temporary(e.Name()) {
			continue
		}
		children, err := os.ReadDir(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dirs, err
		}
		for _, child := range children {
			if id, hidden := strings.CutPrefix(child.Name(), "."); hidden && isID(id) {
				dirs = append(dirs, filepath.Join(path, child.Name()))
			}
		}
	}
	return dirs, err
}

// leftover calls do for a folder unless a process uses it.
func leftover(dir string, do func(Leftover) error) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil
	}
	lock, err := filelock.Try(dir)
	if lock == nil {
		return err
	}
	defer lock.Close()
	l := Leftover{Dir: dir}
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			l.Bytes += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) { // it is being removed
		return nil
	}
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return do(l)
}
