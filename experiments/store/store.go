package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/datasets/filelock"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Names inside a store.
const (
	recordName  = ".record.json"
	metricsName = ".metrics.jsonl"
	checkpoint  = ".checkpoint" // folder of a claim for the state of a training
	partial     = ".partial"    // suffix of the folder of a claim
	goneMark    = ".gone-"      // in the name of a folder that is being removed
)

// schema is the version of records that this package writes and reads.
const schema = 1

// keyDigits are the hexadecimal digits of a key in folder names: 96 bits.
const keyDigits = 24

// Store is a folder of entries. Any number of processes may use it at once.
type Store struct {
	dir string
	now func() time.Time
}

// Open returns the store in a folder, which is made when the first entry is. now
// is the clock of the records; nil: time.Now.
func Open(dir string, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{dir: dir, now: now}
}

// place is the folder of an entry.
func (s *Store) place(name string, key stage.Key) string {
	return filepath.Join(s.dir, filepath.FromSlash(name), key.Sum[:keyDigits])
}

// Record is .record.json: what is known of an entry.
type Record struct {
	Schema    int             `json:"schema"`
	Stage     string          `json:"stage"`
	Key       string          `json:"key"`
	Preimage  json.RawMessage `json:"preimage"` // a stage.Preimage
	Started   time.Time       `json:"started"`
	Seconds   float64         `json:"seconds"`
	Note      string          `json:"note,omitempty"`
	Warnings  []string        `json:"warnings,omitempty"`
	Artifacts []Artifact      `json:"artifacts"` // by name
}

// Artifact is one file of an entry.
type Artifact struct {
	Name   string `json:"name"` // with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Entry is what one stage has made.
type Entry struct {
	Record
	Dir string `json:"dir"` // where it lies
}

// Find returns the entry of a key, or nil when there is none. It looks at its
// record alone: Check digests the files. An entry that is found counts as used now.
func (s *Store) Find(name string, key stage.Key) *Entry {
	dir := s.place(name, key)
	e, err := readEntry(dir)
	if err != nil || e.Key != key.Sum {
		return nil
	}
	now := s.now()
	_ = os.Chtimes(filepath.Join(dir, recordName), now, now) // only decides what is pruned first
	return e
}

func readEntry(dir string) (*Entry, error) {
	text, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return nil, err
	}
	e := &Entry{Dir: dir}
	if err := json.Unmarshal(text, &e.Record); err != nil {
		return nil, fmt.Errorf("%s: %w", recordName, err)
	}
	if e.Schema != schema {
		return nil, fmt.Errorf("%s: schema %d: this program reads %d", recordName, e.Schema, schema)
	}
	return e, nil
}

// Check digests every file of the entry and reports the first that is missing or
// is not what its record says.
func (e *Entry) Check() error {
	for _, a := range e.Artifacts {
		bytes, sum, err := DigestFile(filepath.Join(e.Dir, filepath.FromSlash(a.Name)))
		if err != nil {
			return err
		}
		if bytes != a.Bytes || sum != a.SHA256 {
			return fmt.Errorf("%s is not what it was when it was stored", a.Name)
		}
	}
	return nil
}

// ErrRemoved says that an entry is no longer in the store: it was pruned or discarded
// after it was found, and has to be made again.
var ErrRemoved = errors.New("it was removed from the store meanwhile")

// removed returns ErrRemoved in place of an error when the entry is gone, or another
// was made in its place.
func (e *Entry) removed(err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there, gone := readEntry(e.Dir)
	if errors.Is(gone, fs.ErrNotExist) || gone == nil && !there.Started.Equal(e.Started) {
		return ErrRemoved
	}
	return err
}

// Metrics opens the entry's metrics. The error wraps ErrRemoved when the entry is
// gone.
func (e *Entry) Metrics() (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(e.Dir, metricsName))
	if err != nil {
		return nil, fmt.Errorf("store: metrics of stage %s: %w", e.Stage, e.removed(err))
	}
	return f, nil
}

// Link puts every file of the entry into a run folder, as hard links, or as copies
// where the file system has none. What stands there under those names is replaced.
// The error wraps ErrRemoved when the entry is gone.
func (e *Entry) Link(dir string) error {
	for _, a := range e.Artifacts {
		name := filepath.FromSlash(a.Name)
		if err := link(filepath.Join(e.Dir, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("store: %s of stage %s: %w", a.Name, e.Stage, e.removed(err))
		}
	}
	return nil
}

// link makes to another name of the file from, or a copy of it.
func link(from, to string) error {
	source, err := os.Stat(from)
	if err != nil {
		return err
	}
	if there, err := os.Stat(to); err == nil && os.SameFile(source, there) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(to), fmt.Sprintf(".%s-%d.tmp", filepath.Base(to), os.Getpid()))
	_ = os.Remove(temporary) // left by a killed process of this number, if by any
	if err := os.Link(from, temporary); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := copyFile(from, temporary); err != nil {
			_ = os.Remove(temporary) // if it was made
			return err
		}
	}
	return os.Rename(temporary, to)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Nearest returns the entry of the stage that was used last, with which a plan
// compares a key that has no entry; nil when the stage has none.
func (s *Store) Nearest(name string) *Entry {
	var nearest *Entry
	var used time.Time
	dir := filepath.Join(s.dir, filepath.FromSlash(name))
	children, _ := os.ReadDir(dir) // no folder: no entry
	for _, child := range children {
		info, err := os.Stat(filepath.Join(dir, child.Name(), recordName))
		if err != nil || !info.ModTime().After(used) || !isKey(child.Name()) {
			continue
		}
		if e, err := readEntry(filepath.Join(dir, child.Name())); err == nil {
			nearest, used = e, info.ModTime()
		}
	}
	return nearest
}

// isKey reports whether a folder's name is that of an entry.
func isKey(name string) bool {
	if len(name) != keyDigits {
		return false
	}
	for _, r := range name {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

// Claim waits for the right to make the entry of a key. When another process makes
// it meanwhile, or has made it, that entry is returned instead, its files digested
// again; one that is damaged is thrown away, which damaged is told. waiting is
// called once when another process holds the claim. The caller must end the claim
// with Commit or Release.
func (s *Store) Claim(ctx context.Context, name string, key stage.Key, waiting func(), damaged func(error)) (*Entry, *Claim, error) {
	for round := 0; ; round++ {
		lock, err := s.acquire(name, key)
		if err != nil {
			return nil, nil, fmt.Errorf("store: stage %s: %w", name, err)
		}
		if lock != nil {
			return s.underLock(lock, name, key, damaged)
		}
		if round == 1 && waiting != nil { // the first time, the claim may just have ended
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// acquire makes the folder of a claim and locks it; nil: another process has it, or
// has just made an entry of it.
func (s *Store) acquire(name string, key stage.Key) (*os.File, error) {
	dir := s.place(name, key) + partial
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return filelock.Try(dir)
}

// underLock looks for an entry with the claim's lock held, and prepares the claim's
// folder when there is none.
func (s *Store) underLock(lock *os.File, name string, key stage.Key, damaged func(error)) (*Entry, *Claim, error) {
	c := &Claim{Dir: s.place(name, key) + partial, store: s, name: name, key: key, lock: lock}
	if e := s.Find(name, key); e != nil {
		err := e.Check()
		if err == nil {
			return e, nil, errors.Join(os.RemoveAll(c.Dir), lock.Close())
		}
		if err = e.removed(err); !errors.Is(err, ErrRemoved) {
			damaged(err)
		}
	}
	if err := s.discard(s.place(name, key)); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("store: stage %s: %w", name, err), lock.Close())
	}
	if err := c.prepare(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("store: stage %s: %w", name, err), lock.Close())
	}
	return nil, c, nil
}

// Discard removes the entry of a key, if there is one. Run folders keep its files.
func (s *Store) Discard(name string, key stage.Key) error {
	if err := s.discard(s.place(name, key)); err != nil {
		return fmt.Errorf("store: stage %s: %w", name, err)
	}
	return nil
}

// discard removes an entry's folder, whose name is free at once.
func (s *Store) discard(dir string) error {
	gone := fmt.Sprintf("%s%s%016x", dir, goneMark, rand.Uint64())
	if err := os.Rename(dir, gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.RemoveAll(gone)
}
