package run

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/filelock"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/store"
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

// ID is the first 12 hexadecimal digits of a SHA-256 over the keys of the stages.
func (s Spec) ID() string {
	h := sha256.New()
	for _, key := range slices.Sorted(slices.Values(s.Keys)) {
		fmt.Fprintln(h, key)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
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
	added    map[string]Artifact
}

// ErrLocked says that another process is writing the run.
var ErrLocked = errors.New("another process is writing this run")

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
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("run: %w; choose another folder with --runs", err)
	}
	if err := r.begin(opts.Source.diff); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
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

// Enter takes a stage's entry into the run: its files are linked into the folder,
// its metrics appended to metrics.jsonl, and it is a row of the stage table. reused
// says that the entry was there before, so its doubts have not been said yet.
func (r *Run) Enter(e *store.Entry, reused bool) error {
	if err := r.Intact(); err != nil {
		return err
	}
	if err := e.Link(r.Dir()); err != nil {
		return err
	}
	if err := r.appendMetrics(e); err != nil {
		return err
	}
	if reused {
		for _, text := range e.Warnings {
			r.Warn(text)
		}
	}
	s := Stage{Name: e.Stage, Key: e.Key, Started: e.Started, Seconds: e.Seconds, Reused: reused, Note: e.Note, Warnings: e.Warnings, Artifacts: map[string]string{}}
	r.mu.Lock()
	for _, a := range e.Artifacts {
		s.Artifacts[a.Name] = a.SHA256
		r.added[a.Name] = a
	}
	r.manifest.Stages = append(r.manifest.Stages, s)
	r.mu.Unlock()
	duration := Seconds(s.Seconds)
	if reused {
		duration = "reused"
	}
	r.Log("stage %s: %s", s.Name, duration)
	r.out.row(s.Name, duration, s.Note)
	return r.save()
}

// appendMetrics appends an entry's metrics to the run's.
func (r *Run) appendMetrics(e *store.Entry) error {
	in, err := e.Metrics()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(r.Path(MetricsName), os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err != nil {
		err = fmt.Errorf("run: metrics of stage %s: %w", e.Stage, err)
	}
	return errors.Join(err, out.Close())
}

// WriteFile makes a file of the run that is no stage's, as the report, of what
// write writes.
func (r *Run) WriteFile(name string, write func(io.Writer) error) error {
	a, err := writeArtifact(r.Dir(), name, write)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.added[name] = a
	return nil
}

// writeArtifact writes one file of a run folder.
func writeArtifact(dir, name string, write func(io.Writer) error) (Artifact, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || name == ManifestName || name == LogName {
		return Artifact{}, fmt.Errorf("run: artifact %q: want a name inside the run folder", name)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = atomicfile.Write(path, write)
	}
	a := Artifact{Name: name}
	if err == nil {
		a.Bytes, a.SHA256, err = store.DigestFile(path)
	}
	if err != nil {
		return a, fmt.Errorf("run: artifact %s: %w", name, err)
	}
	return a, nil
}

// Manifest is a copy of what is known so far.
func (r *Run) Manifest() *Manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.manifest
	m.Artifacts = sorted(r.added)
	return &m
}

// sorted lists artifacts by name.
func sorted(artifacts map[string]Artifact) []Artifact {
	list := slices.AppendSeq(make([]Artifact, 0, len(artifacts)), maps.Values(artifacts))
	slices.SortFunc(list, func(a, b Artifact) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// save writes manifest.json.
func (r *Run) save() error {
	return r.Manifest().save()
}

func (m *Manifest) save() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = atomicfile.WriteFile(filepath.Join(m.Dir, ManifestName), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("run: manifest: %w", err)
	}
	return nil
}

// Finish ends the run. With a nil error it has finished: report writes its last
// files, files that do not belong to it are removed, and latest points to it. Any
// other run stays with its status, its log and what its stages have made, and goes
// on from there when it is started again. Finish returns err, joined with what went
// wrong in finishing.
func (r *Run) Finish(err error, report func() error) error {
	if err == nil {
		r.manifest.Finished = r.now().UTC()
		r.manifest.Seconds = max(0, r.manifest.Finished.Sub(r.manifest.Started).Seconds())
		err = r.finish(report)
	}
	if err == nil {
		return nil
	}
	r.manifest.Status, r.manifest.Finished, r.manifest.Error = Failed, time.Time{}, err.Error()
	if errors.Is(err, context.Canceled) {
		r.manifest.Status, r.manifest.Error = Interrupted, ""
	}
	r.Log("%s: %v", r.manifest.Status, err)
	failed := r.Intact()
	if failed == nil {
		_ = os.Remove(r.Path(WorkName)) // if a stage was under way; the log has its name
		failed = r.save()
	}
	if failed != nil { // what has ended the run may prevent this, too: the manifest still says that it is running
		r.Log("%v", failed)
	}
	return errors.Join(err, r.close())
}

// finish brings a run to its end.
func (r *Run) finish(report func() error) error {
	if err := r.Intact(); err != nil {
		return err
	}
	bytes, sum, err := store.DigestFile(r.Path(MetricsName))
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	r.added[MetricsName] = Artifact{Name: MetricsName, Bytes: bytes, SHA256: sum}
	r.manifest.Status = Finished
	if report != nil {
		if err := report(); err != nil {
			return err
		}
	}
	r.Log("finished")
	if err := r.removeUnclaimed(); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	if err := latest(r.Dir()); err != nil {
		return err
	}
	return r.close()
}

// removeUnclaimed removes files that no stage of this run has made.
func (r *Run) removeUnclaimed() error {
	err := filepath.WalkDir(r.Dir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(r.Dir(), path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if _, known := r.added[name]; known || name == ManifestName || name == LogName {
			return nil
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
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

// close releases the folder.
func (r *Run) close() error {
	return errors.Join(r.log.Close(), r.lock.Close())
}

// Seconds writes a duration for a table: "0.42 s", "12.3 s", "4m05s".
func Seconds(s float64) string {
	switch {
	case s < 9.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 99.95:
		return fmt.Sprintf("%.1f s", s)
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}

// temporary reports whether a name is that of a link or file that is being written.
func temporary(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, atomicfile.Suffix)
}
