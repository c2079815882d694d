package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
)

// Spec is what is to be run.
type Spec struct {
	Experiment string            // its name in experiments.toml
	Overrides  []string          // key=value, as given
	Config     config.Experiment // resolved and validated, overrides included
	Inputs     []Input           // the data it reads, digested
}

// ID is the first 12 hexadecimal digits of a SHA-256 over the configuration and
// the inputs' digests. Where the data lies and what the experiment says about
// itself do not count.
func (s Spec) ID() string {
	c := s.Config
	c.About, c.Data.Path, c.Data.Name = "", "", ""
	h := sha256.New()
	enc := json.NewEncoder(h)
	_ = enc.Encode(c) // plain data into a hash: neither can fail
	for _, in := range s.Inputs {
		_ = enc.Encode([]string{in.Name, in.SHA256})
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Options are what a run needs beside its Spec. The zero value is a silent run.
type Options struct {
	Out    *Terminal        // where stages and warnings are said; nil: nowhere
	Source Source           // which code runs
	Now    func() time.Time // clock of the manifest and the log; nil: time.Now
}

// Run is a run that is being written. Its methods may be called from several
// goroutines, except that stages follow each other.
type Run struct {
	Spec Spec

	out     *Terminal
	now     func() time.Time
	final   string // the folder when finished
	partial string // the folder until then
	lock    io.Closer
	log     *os.File
	metrics *os.File

	mu        sync.Mutex
	manifest  Manifest
	artifacts map[string]Artifact
	stamps    map[string]stamp // size and time of each file when it was digested
	old       *previous        // what an interrupted run left; nil: nothing
	note      string           // of the running stage
}

// stamp tells whether a file is still the one that was digested.
type stamp struct {
	size int64
	time time.Time
}

// Start claims dir/<experiment>/<id>.partial and opens a run in it. The caller
// must call Finish. An interrupted run of the same id is taken up: Reuse finds
// its finished stages.
func Start(dir string, spec Spec, opts Options) (*Run, error) {
	r := &Run{Spec: spec, out: opts.Out, now: opts.Now, artifacts: map[string]Artifact{}, stamps: map[string]stamp{}}
	if r.now == nil {
		r.now = time.Now
	}
	r.final = filepath.Join(dir, spec.Experiment, spec.ID())
	r.partial = r.final + ".partial"
	r.manifest = Manifest{
		Schema: SchemaVersion, Experiment: spec.Experiment, ID: spec.ID(), Status: Running,
		Overrides: append([]string{}, spec.Overrides...), Config: spec.Config, Seeds: map[string]uint64{},
		Inputs: append([]Input{}, spec.Inputs...), Source: opts.Source, Host: host(), Started: r.now().UTC(),
		Stages: []Stage{}, Artifacts: []Artifact{}, Warnings: []string{}, Dir: r.partial,
	}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("run: %w; choose another folder with --runs", err)
	}
	if len(opts.Source.diff) > 0 {
		r.manifest.Source.Diff = "source.diff"
		if err := r.WriteFile("source.diff", func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(opts.Source.diff))
			return err
		}); err != nil {
			return nil, errors.Join(err, r.discard())
		}
	}
	r.Log("run %s of %s, seed %d", r.manifest.ID, spec.Experiment, spec.Config.Seed)
	return r, r.save()
}

// open makes and locks the folder, takes up what an interrupted run left in it,
// and opens the growing files.
func (r *Run) open() (err error) {
	if err := os.MkdirAll(r.partial, 0o777); err != nil {
		return err
	}
	if r.lock, err = acquire(filepath.Join(r.partial, lockName)); err != nil {
		return fmt.Errorf("%s: %w", r.partial, err)
	}
	r.old = takeUp(r.partial)
	if r.log, err = os.OpenFile(filepath.Join(r.partial, "log.txt"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
		return err
	}
	how := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if r.old == nil {
		how |= os.O_TRUNC
	}
	r.metrics, err = os.OpenFile(filepath.Join(r.partial, MetricsName), how, 0o666)
	return err
}

func host() Host {
	name, _ := os.Hostname() // a host without a name is as good
	return Host{Name: name, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}

// Seed is the sub-seed of that name: a digest of the run's seed and the name. It
// is noted in the manifest.
func (r *Run) Seed(name string) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", r.Spec.Config.Seed, name))
	seed := binary.LittleEndian.Uint64(sum[:]) >> 1 // fits an int64, which GoMLX wants
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manifest.Seeds[name] = seed
	return seed
}

// Source is a random source from the sub-seed of that name.
func (r *Run) Source(name string) rand.Source {
	seed := r.Seed(name)
	return rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)
}

// SetBackend notes what computes and says it.
func (r *Run) SetBackend(b Backend) {
	r.mu.Lock()
	r.manifest.Backend = b
	r.mu.Unlock()
	r.Log("backend %s %s %s", b.Name, b.PluginVersion, b.Reason)
	r.out.row("backend", b.Name, b.Reason)
}

// Log appends a line to log.txt.
func (r *Run) Log(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A log that cannot be written shall not end a run.
	_, _ = fmt.Fprintf(r.log, "%s %s\n", r.now().UTC().Format(time.RFC3339Nano), fmt.Sprintf(format, args...))
}

// Warn notes a doubt in the manifest and says it.
func (r *Run) Warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.Log("warning: %s", text)
	r.mu.Lock()
	r.manifest.Warnings = append(r.manifest.Warnings, text)
	r.mu.Unlock()
	r.out.Warn(text)
}

// Dir is the folder that the run has when it is finished.
func (r *Run) Dir() string { return r.final }

// Manifest is a copy of what is known so far.
func (r *Run) Manifest() Manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.manifest
}

// save writes manifest.json.
func (r *Run) save() error {
	r.mu.Lock()
	r.manifest.Artifacts = sorted(r.artifacts)
	data, err := json.MarshalIndent(r.manifest, "", "  ")
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	if err := replace(filepath.Join(r.partial, ManifestName), append(data, '\n')); err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	return nil
}
