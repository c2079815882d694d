package listing

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// Lister lists the runs below a folder. It remembers what it has read and reads a run
// again only where its manifest or its scores were written again, so that a list of a
// thousand runs can be had every other second. Its methods may be called from several
// goroutines.
type Lister struct {
	Dir string // of the runs

	mu   sync.Mutex
	read map[string]remembered // by folder
}

// remembered is a run as it was read, and the files that it was read from.
type remembered struct {
	run              Run
	manifest, scores os.FileInfo // nil: there was no such file
}

// List returns all runs, the one that was started last first, and the folders that
// cannot be read. A folder of runs that does not exist has none.
func (l *Lister) List() ([]Run, []run.Broken, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dirs, broken, err := run.Folders(l.Dir)
	if err != nil {
		return nil, nil, err
	}
	now := make([]remembered, len(dirs))
	problems := make([]error, len(dirs))
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(dirs); i += workers {
				now[i], problems[i] = l.look(dirs[i])
			}
		})
	}
	wait.Wait()
	l.read = make(map[string]remembered, len(dirs))
	runs := []Run{}
	for i, dir := range dirs {
		if problems[i] != nil {
			broken = append(broken, run.Broken{Dir: dir, Err: problems[i]})
			continue
		}
		l.read[dir] = now[i]
		runs = append(runs, now[i].run)
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return b.Started.Compare(a.Started) })
	return runs, broken, nil
}

// look describes the run in a folder, from memory where its files are those of before.
func (l *Lister) look(dir string) (remembered, error) {
	now := remembered{manifest: stat(filepath.Join(dir, run.ManifestName)), scores: stat(filepath.Join(dir, report.ScoresName))}
	if before, ok := l.read[dir]; ok && same(before.manifest, now.manifest) && same(before.scores, now.scores) {
		before.run.Status = before.run.Manifest.State() // it changes without a file where a process is killed
		return before, nil
	}
	m, err := run.Open(dir)
	if err != nil {
		return now, err
	}
	now.run = describe(m)
	return now, nil
}

// stat returns what is known of a file; nil: there is none that can be read.
func stat(path string) os.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// same reports whether a file was not written in between. A file that is replaced in one
// step, as manifests are, is another one even within one tick of the clock.
func same(before, now os.FileInfo) bool {
	if before == nil || now == nil {
		return before == nil && now == nil
	}
	return os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) && before.Size() == now.Size()
}
