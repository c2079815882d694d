package stage

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// Host is what runs a stage. Nil functions are silent.
type Host struct {
	Open       func(dep string) (io.ReadCloser, error)            // opens a dependency
	Path       func(dep string) (string, error)                   // returns where a dependency lies
	Dir        string                                             // the folder that artifacts are written to
	Checkpoint string                                             // a folder that outlives an interruption
	Seed       uint64                                             // of the run
	Backend    func(ctx context.Context) (compute.Backend, error) // opens the backend, or returns the open one
	Record     func(metric string, step int, value float64) error // keeps a point of a curve
	Progress   func(done, total int64, unit string)               // is told how far the stage is
	Note       func(text string)                                  // is told what the stage has found
	Warn       func(err error)                                    // is told a doubt
}

// Env is all that a running stage sees. It refuses whatever the stage has not
// declared, so that a stage cannot have a hidden input.
type Env struct {
	stage  Stage
	host   Host
	folder string // in front of all names; see In
}

// NewEnv returns the environment of a stage on a host.
func NewEnv(s Stage, host Host) *Env { return &Env{stage: s, host: host} }

// declared reports an error where the stage has not declared a name.
func (e *Env) declared(kind string, list []string, name string) error {
	if slices.Contains(list, name) {
		return nil
	}
	return fmt.Errorf("stage %s: uses %s %q, which it does not declare: it declares %s", e.stage.Name, kind, name, quoted(list))
}

func quoted(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// Open opens a declared dependency that is one file. The caller closes it.
func (e *Env) Open(dep string) (io.ReadCloser, error) {
	dep = e.folder + dep
	if err := e.declared("dependency", e.stage.Deps, dep); err != nil {
		return nil, err
	}
	return e.host.Open(dep)
}

// Path returns where a declared dependency lies, a file or a folder, for readers
// that open files themselves.
func (e *Env) Path(dep string) (string, error) {
	dep = e.folder + dep
	if err := e.declared("dependency", e.stage.Deps, dep); err != nil {
		return "", err
	}
	return e.host.Path(dep)
}

// OutPath returns where a declared artifact is to be written, for writers that open
// files themselves. An artifact that is a folder exists already; of a file, its folder
// does.
func (e *Env) OutPath(out string) (string, error) {
	out = e.folder + out
	if err := e.declared("artifact", e.stage.Outs, out); err != nil {
		return "", err
	}
	path := filepath.Join(e.host.Dir, filepath.FromSlash(out))
	folder := filepath.Dir(path)
	if strings.HasSuffix(out, "/") {
		folder = path
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", fmt.Errorf("stage %s: artifact %s: %w", e.stage.Name, out, err)
	}
	return path, nil
}

// Write makes a declared artifact, one file, of what write writes.
func (e *Env) Write(out string, write func(io.Writer) error) error {
	path, err := e.OutPath(out)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("stage %s: artifact %s: %w", e.stage.Name, out, err)
	}
	return nil
}

// Create opens a declared artifact, one file, for writing. It has its name once it
// is closed without an error.
func (e *Env) Create(out string) (io.WriteCloser, error) {
	path, err := e.OutPath(out)
	if err != nil {
		return nil, err
	}
	return atomicfile.Create(path)
}

// Checkpoint returns a folder for the state of a training. It outlives an
// interruption and a kill, and is gone when the stage is done.
func (e *Env) Checkpoint() string { return e.host.Checkpoint }

// Seed returns the declared seed of that name.
func (e *Env) Seed(name string) (uint64, error) {
	name = e.folder + name
	if err := e.declared("seed", e.stage.Seeds, name); err != nil {
		return 0, err
	}
	return Seed(e.host.Seed, name), nil
}

// Source returns a source of random numbers from the declared seed of that name.
func (e *Env) Source(name string) (rand.Source, error) {
	name = e.folder + name
	if err := e.declared("seed", e.stage.Seeds, name); err != nil {
		return nil, err
	}
	return Source(e.host.Seed, name), nil
}

// Backend returns what computes. The stage must have declared that its result
// depends on it.
func (e *Env) Backend(ctx context.Context) (compute.Backend, error) {
	if !e.stage.Device || e.host.Backend == nil {
		return nil, fmt.Errorf("stage %s: uses the backend, which it does not declare", e.stage.Name)
	}
	return e.host.Backend(ctx)
}

// Record keeps a point of a curve, as "vae/loss" by epoch.
func (e *Env) Record(metric string, step int, value float64) error {
	if e.host.Record == nil {
		return nil
	}
	return e.host.Record(e.folder+metric, step, value)
}

// Progress reports how far the stage is. A total of 0 is not known.
func (e *Env) Progress(done, total int64, unit string) {
	if e.host.Progress != nil {
		e.host.Progress(done, total, unit)
	}
}

// Note says in a few words what the stage has found: "612 flows, 9311 packets".
func (e *Env) Note(format string, args ...any) {
	if e.host.Note != nil {
		e.host.Note(fmt.Sprintf(format, args...))
	}
}

// Warn notes doubts; nil errors are none.
func (e *Env) Warn(doubts ...error) {
	for _, err := range doubts {
		if err != nil && e.host.Warn != nil {
			e.host.Warn(err)
		}
	}
}
