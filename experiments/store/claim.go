package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Claim is the right to make one entry. Its folder outlives a kill: whoever claims
// the key next finds the checkpoint and the metrics in it.
type Claim struct {
	Dir string // where the artifacts are to be written

	store   *Store
	name    string
	key     stage.Key
	lock    *os.File
	metrics *os.File
	started time.Time
}

// prepare removes what an earlier claim has left, except its checkpoint and the
// whole lines of its metrics.
func (c *Claim) prepare() error {
	c.started = c.store.now()
	children, err := os.ReadDir(c.Dir)
	if err != nil {
		return err
	}
	for _, child := range children {
		if child.Name() == checkpoint || child.Name() == metricsName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.Dir, child.Name())); err != nil {
			return err
		}
	}
	path := filepath.Join(c.Dir, metricsName)
	if err := cutMetrics(path); err != nil {
		return err
	}
	c.metrics, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	return err
}

// Checkpoint returns the folder for the state of a training, and whether an
// interrupted claim has left one.
func (c *Claim) Checkpoint() (dir string, resumed bool) {
	dir = filepath.Join(c.Dir, checkpoint)
	children, err := os.ReadDir(dir)
	return dir, err == nil && len(children) > 0
}

// Commit makes the claim's folder an entry: it checks that the artifacts outs are
// there and nothing else, digests them, writes the record and renames the folder.
func (c *Claim) Commit(outs []string, note string, warnings []string) (*Entry, error) {
	e, err := c.commit(outs, note, warnings)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: stage %s: %w", c.name, err), c.Release())
	}
	return e, nil
}

func (c *Claim) commit(outs []string, note string, warnings []string) (*Entry, error) {
	if err := errors.Join(c.metrics.Close(), lastOfEach(filepath.Join(c.Dir, metricsName))); err != nil {
		return nil, err
	}
	artifacts, err := digestAll(c.Dir, outs)
	if err != nil {
		return nil, err
	}
	e := &Entry{Dir: c.store.place(c.name, c.key), Record: Record{Schema: schema, Stage: c.name, Key: c.key.Sum, Preimage: c.key.Preimage,
		Started: c.started.UTC(), Seconds: max(0, c.store.now().Sub(c.started).Seconds()), Note: note, Warnings: warnings, Artifacts: artifacts}}
	text, err := json.MarshalIndent(e.Record, "", " ")
	if err != nil {
		return nil, err
	}
	err = atomicfile.Write(filepath.Join(c.Dir, recordName), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	// Only now nothing can fail for want of room, after which the next claim would have
	// to begin anew.
	if err := os.RemoveAll(filepath.Join(c.Dir, checkpoint)); err != nil {
		return nil, err
	}
	if err := os.Rename(c.Dir, e.Dir); err != nil {
		return nil, err
	}
	return e, c.lock.Close()
}

// Release gives the claim up. What it has written stays for whoever claims next.
func (c *Claim) Release() error {
	return errors.Join(ignoreClosed(c.metrics.Close()), ignoreClosed(c.lock.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// digestAll digests the artifacts outs in a folder and makes them read-only. A file
// that is missing, or that belongs to none of outs, is an error: whoever reads the
// graph would not know of it.
func digestAll(dir string, outs []string) ([]Artifact, error) {
	var artifacts []Artifact
	made := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == filepath.Join(dir, checkpoint) {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if name == metricsName {
			return nil
		}
		i := slices.IndexFunc(outs, func(out string) bool {
			return name == out || strings.HasSuffix(out, "/") && strings.HasPrefix(name, out)
		})
		if i < 0 {
			return fmt.Errorf("it has made %s, which it does not declare", name)
		}
		made[outs[i]] = true
		bytes, sum, err := DigestFile(path)
		if err != nil {
			return err
		}
		artifacts = append(artifacts, Artifact{Name: name, Bytes: bytes, SHA256: sum})
		return os.Chmod(path, 0o444)
	})
	if err != nil {
		return nil, err
	}
	for _, out := range outs {
		if !made[out] && !strings.HasSuffix(out, "/") {
			return nil, fmt.Errorf("it has not made %s, which it declares", out)
		}
	}
	slices.SortFunc(artifacts, func(a, b Artifact) int { return strings.Compare(a.Name, b.Name) })
	return artifacts, nil
}
