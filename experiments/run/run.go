package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/config"
)

// Spec is what is to be run.
type Spec struct {
	Experiment string            // its name in experiments.toml
	Overrides  []string          // key=value, as given
	Config     config.Experiment // resolved and validated, overrides included
	Inputs     []Input           // the data it reads, digested
	Keys       []string          // of its stages, which name the run
	Seeds      map[string]uint64 // that its stages draw from
	Backend    Backend
}

// idDigits are the hexadecimal digits of a run's id.
const idDigits = 12

// ID is the first 12 hexadecimal digits of a SHA-256 over the keys of the stages.
func (s Spec) ID() string {
	h := sha256.New()
	for _, key := range slices.Sorted(slices.Values(s.Keys)) {
		fmt.Fprintln(h, key)
	}
	return hex.EncodeToString(h.Sum(nil))[:idDigits]
}

// isID reports whether a text can be the id of a run.
func isID(text string) bool {
	return len(text) == idDigits && strings.TrimLeft(text, "0123456789abcdef") == ""
}

// Options are what a run needs beside its Spec. The zero value is a silent run.
type Options struct {
	Out        *Terminal        // where stages and warnings are said; nil: nowhere
	Source     Source           // which code runs
	Annotation Annotation       // added to what an earlier part of the run was called
	Now        func() time.Time // clock of the manifest and the log; nil: time.Now
}

// Run is a run that is being written. Its methods may be called from several
// goroutines.
type Run struct {
	Spec Spec

	out *Terminal
	now func() time.Time

	mu       sync.Mutex
	lock     *os.File
	log      *os.File
	manifest Manifest
	work     Work // as it was noted last
	first    Work // of the same stage, with the first progress
	added    map[string]Artifact
}

// Start claims dir/<experiment>/<id> and opens a run in it. What an earlier part of
// the run has left stays until it is replaced or the run has finished. The caller
// must call Finish.
func Start(dir string, spec Spec, opts Options) (*Run, error) {
	r := &Run{Spec: spec, out: opts.Out, now: opts.Now, added: map[string]Artifact{}}
	if r.now == nil {
		r.now = time.Now
	}
	folder := filepath.Join(dir, spec.Experiment, spec.ID())
	r.manifest = Manifest{
		Schema: schemaVersion, Experiment: spec.Experiment, ID: spec.ID(), Status: Running,
		Overrides: append([]string{}, spec.Overrides...), Config: spec.Config, Seeds: spec.Seeds,
		Inputs: append([]Input{}, spec.Inputs...), Source: opts.Source, Backend: spec.Backend, Host: host(), Started: r.now().UTC(),
		Stages: []Stage{}, Artifacts: []Artifact{}, Warnings: []string{}, Dir: folder,
	}
	if earlier, err := Open(folder); err == nil {
		r.manifest.Annotation = earlier.Annotation
	}
	r.manifest.Annotation = r.manifest.Annotation.With(opts.Annotation)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("run: %w; choose another folder with --runs", err)
	}
	if err := naming(dir, opts.Annotation.Name, folder, func() error { return r.start(opts.Source.diff) }); err != nil {
		return nil, err
	}
	return r, nil
}

// start opens the folder and writes the first files.
func (r *Run) start(diff []byte) error {
	err := r.open()
	if errors.Is(err, ErrLocked) {
		return fmt.Errorf("run: %w: wait until it has ended", err)
	}
	if err != nil {
		return fmt.Errorf("run: %w; choose another folder with --runs", err)
	}
	if err := r.begin(diff); err != nil {
		if _, earlier := os.Stat(r.Path(ManifestName)); earlier != nil { // nobody takes the folder for a run
			_, _ = os.Remove(r.Path(LogName)), os.Remove(r.Path(MetricsName))
			_ = os.Remove(r.Dir()) // unless there is more in it
		}
		return errors.Join(err, r.close())
	}
	return nil
}

// open makes and locks the folder.
func (r *Run) open() error {
	dir := r.manifest.Dir
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	lock, err := claim(dir)
	if err != nil {
		return err
	}
	r.lock = lock
	if r.log, err = os.OpenFile(filepath.Join(dir, LogName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
		return errors.Join(err, lock.Close())
	}
	return nil
}

// begin writes the first manifest, and what differs from the commit.
func (r *Run) begin(diff []byte) error {
	r.Log("run %s of %s, seed %d", r.manifest.ID, r.Spec.Experiment, r.Spec.Config.Seed)
	if err := atomicfile.WriteFile(r.Path(MetricsName), nil); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if b := r.Spec.Backend; b.Name != "" {
		r.Log("backend %s %s %s", b.Name, b.PluginVersion, b.Reason)
		r.out.row("backend", b.Name, b.Reason)
	}
	if len(diff) > 0 {
		r.manifest.Source.Diff = "source.diff"
		err := r.WriteFile("source.diff", func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(diff))
			return err
		})
		if err != nil {
			return err
		}
	}
	return r.save()
}

func host() Host {
	name, _ := os.Hostname() // a host without a name is as good
	return Host{Name: name, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}

// Intact returns an error when the run's folder was removed, moved or replaced while
// it was written: nobody holds what now has its name.
func (r *Run) Intact() error {
	held, err := r.lock.Stat()
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if there, err := os.Stat(r.Dir()); err != nil || !os.SameFile(held, there) {
		return fmt.Errorf("run: %s was removed or replaced while it was written: run the experiment again", r.Dir())
	}
	return nil
}

// Dir is the run's folder.
func (r *Run) Dir() string { return r.manifest.Dir }

// Path is where an artifact of the run lies.
func (r *Run) Path(name string) string { return filepath.Join(r.Dir(), filepath.FromSlash(name)) }

// Terminal is where the run speaks.
func (r *Run) Terminal() *Terminal { return r.out }

// Log appends a line to log.txt.
func (r *Run) Log(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A log that cannot be written shall not end a run.
	_, _ = fmt.Fprintf(r.log, "%s %s\n", r.now().UTC().Format(time.RFC3339Nano), fmt.Sprintf(format, args...))
}

// Warn notes a doubt in the manifest and says it.
func (r *Run) Warn(text string) {
	r.Log("warning: %s", text)
	r.mu.Lock()
	r.manifest.Warnings = append(r.manifest.Warnings, text)
	r.mu.Unlock()
	r.out.Warn(text)
}

// Manifest is a copy of what is known so far.
func (r *Run) Manifest() *Manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.manifest
	m.Artifacts = sorted(r.added)
	return &m
}
