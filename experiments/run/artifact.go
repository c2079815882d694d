package run

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Names that are no artifacts.
const (
	ManifestName = "manifest.json"
	MetricsName  = "metrics.jsonl"
	logName      = "log.txt"
	lockName     = ".lock"
	unfinished   = ".unfinished"  // suffix of a file until it is closed
	checkpoints  = ".checkpoints" // folder that a finished run does not have
)

// Digest reads r to its end: the bytes and their SHA-256 in hexadecimal.
func Digest(r io.Reader) (bytes int64, sha string, err error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// Path is where the artifact of that name lies while the run is being written,
// for libraries that open files themselves. Its folder exists. The file is
// digested when the stage ends. Name has slashes and stays inside the folder.
func (r *Run) Path(name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("run: artifact %q: want a name inside the run folder", name)
	}
	path := filepath.Join(r.partial, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", fmt.Errorf("run: artifact %s: %w", name, err)
	}
	return path, nil
}

// Checkpoint is a folder for the training of that name to save its state in: it
// outlives an interruption and a kill, and is removed when the run has finished.
func (r *Run) Checkpoint(name string) string { return filepath.Join(r.partial, checkpoints, name) }

// Create opens an artifact. It is digested as it is written and has its name
// only once it is closed without an error.
func (r *Run) Create(name string) (io.WriteCloser, error) {
	path, err := r.Path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(path + unfinished)
	if err != nil {
		return nil, fmt.Errorf("run: artifact %s: %w", name, err)
	}
	return &artifact{run: r, name: name, path: path, file: f, hash: sha256.New()}, nil
}

// WriteFile creates an artifact with what write writes; when that fails there is none.
func (r *Run) WriteFile(name string, write func(io.Writer) error) error {
	w, err := r.Create(name)
	if err != nil {
		return err
	}
	a := w.(*artifact)
	if err := write(a); err != nil {
		return errors.Join(fmt.Errorf("run: artifact %s: %w", name, err), a.file.Close(), os.Remove(a.path+unfinished))
	}
	return a.Close()
}

// artifact is a file that is being written.
type artifact struct {
	run    *Run
	name   string
	path   string
	file   *os.File
	hash   hash.Hash
	bytes  int64
	err    error // the first write that failed
	closed bool
}

func (a *artifact) Write(p []byte) (int, error) {
	n, err := a.file.Write(p)
	a.hash.Write(p[:n])
	a.bytes += int64(n)
	if err != nil && a.err == nil {
		a.err = fmt.Errorf("run: artifact %s: %w", a.name, err)
	}
	return n, err
}

// Close puts the file in its place, unless a write failed. A second call does nothing.
func (a *artifact) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	if err := errors.Join(a.err, a.file.Close()); err != nil {
		return errors.Join(err, os.Remove(a.path+unfinished))
	}
	if err := os.Rename(a.path+unfinished, a.path); err != nil {
		return fmt.Errorf("run: artifact %s: %w", a.name, err)
	}
	info, err := os.Stat(a.path)
	if err != nil {
		return fmt.Errorf("run: artifact %s: %w", a.name, err)
	}
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.run.artifacts[a.name] = Artifact{Name: a.name, Bytes: a.bytes, SHA256: hex.EncodeToString(a.hash.Sum(nil))}
	a.run.stamps[a.name] = stamp{size: info.Size(), time: info.ModTime()}
	return nil
}

// scan digests every file of the folder that is new or changed since it was
// digested last.
func (r *Run) scan() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.walk(func(name, path string, s stamp) error {
		if r.stamps[name] == s || r.old.has(name, s) {
			return nil
		}
		bytes, sha, err := digestFile(path)
		if err != nil {
			return err
		}
		r.artifacts[name] = Artifact{Name: name, Bytes: bytes, SHA256: sha}
		r.stamps[name] = s
		return nil
	})
}

// sweep removes files that no stage of this run made, and digests the metrics.
func (r *Run) sweep() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.walk(func(name, path string, _ stamp) error {
		if _, known := r.artifacts[name]; known {
			return nil
		}
		return os.Remove(path)
	})
	if err != nil {
		return err
	}
	bytes, sha, err := digestFile(filepath.Join(r.partial, MetricsName))
	if err != nil {
		return err
	}
	r.artifacts[MetricsName] = Artifact{Name: MetricsName, Bytes: bytes, SHA256: sha}
	return errors.Join(os.Remove(filepath.Join(r.partial, lockName)), os.RemoveAll(filepath.Join(r.partial, checkpoints)))
}

// walk calls visit for each file that is or may become an artifact.
func (r *Run) walk(visit func(name, path string, s stamp) error) error {
	err := filepath.WalkDir(r.partial, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(r.partial, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if !counts(name) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return visit(name, path, stamp{size: info.Size(), time: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("run: digest the artifacts: %w", err)
	}
	return nil
}

// counts tells whether a file of a run folder is digested in stages.
func counts(name string) bool {
	switch name {
	case ManifestName, MetricsName, logName, lockName:
		return false
	}
	return !strings.HasSuffix(name, unfinished) && !strings.HasPrefix(name, checkpoints+"/")
}

func digestFile(path string) (bytes int64, sha string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	return Digest(f)
}

// sorted lists artifacts by name.
func sorted(artifacts map[string]Artifact) []Artifact {
	list := slices.AppendSeq(make([]Artifact, 0, len(artifacts)), maps.Values(artifacts))
	slices.SortFunc(list, func(a, b Artifact) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// replace writes a file beside and renames it.
func replace(path string, data []byte) error {
	if err := os.WriteFile(path+unfinished, data, 0o666); err != nil {
		return err
	}
	return os.Rename(path+unfinished, path)
}
