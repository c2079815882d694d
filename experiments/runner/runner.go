// Package runner runs experiments by name, as `experiments run` does and as a cell of a
// notebook may: it resolves an experiment of a file, prepares it, and takes a finished run
// that is there or makes one.
//
//	Runner      the file of experiments, the folder of runs, and where they speak
//	Repetition  what is made again although it is stored
//	Mistake     an error in what was asked for
package runner

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// Runner runs the experiments of one file into one folder of runs.
type Runner struct {
	File     string        // of experiments; "": experiments.toml of the working folder, where there is none the one that is built in
	Runs     string        // folder of the runs
	Terminal *run.Terminal // where changed settings, stages and warnings are said; nil: nowhere
	Messages io.Writer     // where a backend says what it does; nil: nowhere
}

// Repetition says which stages are made again although they are stored. The zero value
// is none.
type Repetition struct {
	Force bool   // all
	From  string // this one and what depends on it; "": none
}

// Mistake is an error in what was asked for, on the command line or in the file of
// experiments, in contrast to one that happened on the way.
type Mistake struct{ Err error }

// Error is the error's own text.
func (m Mistake) Error() string { return m.Err.Error() }

// Unwrap returns the error.
func (m Mistake) Unwrap() error { return m.Err }

// Store returns where stages keep what they have made: a folder beside the runs.
func (r *Runner) Store() *store.Store { return store.Open(filepath.Join(r.Runs, ".cache"), nil) }

// Finish makes a finished run of an experiment with overrides (key=value) that is called
// so. It is not fresh where it was one before. An error of the request itself is a
// Mistake; where ctx has ended the error wraps context.Canceled, and the same call goes
// on from there.
func (r *Runner) Finish(ctx context.Context, name string, overrides []string, repeat Repetition, called run.Annotation) (m *run.Manifest, fresh bool, err error) {
	p, err := r.Prepare(ctx, name, overrides, repeat)
	if err != nil {
		return nil, false, err
	}
	defer p.Close()
	if err := r.CheckAnnotation(called, filepath.Join(r.Runs, name, p.Spec.ID())); err != nil {
		return nil, false, err
	}
	return r.Complete(ctx, p, r.Terminal, called)
}

// Complete takes the finished run of a prepared experiment, or makes it, saying its stages
// to out; it is not fresh where it was there. The run is called so.
func (r *Runner) Complete(ctx context.Context, p *pipeline.Prepared, out *run.Terminal, called run.Annotation) (m *run.Manifest, fresh bool, err error) {
	source := run.ReadSource(ctx, ".") // asks git: before the look, since another process may finish meanwhile
	if m := r.Finished(p); m != nil {
		out.Printf("it finished on %s and is not computed again (--force does)\n", m.Finished.Local().Format("2006-01-02 15:04:05"))
		return m, false, m.Annotate(m.Annotation.With(called))
	}
	made, err := p.Run(ctx, r.Runs, run.Options{Out: out, Source: source, Annotation: called})
	if err != nil {
		return nil, false, err
	}
	m, err = run.Open(made.Dir())
	return m, true, err
}

// Finished returns the finished run of a prepared experiment, nil if there is none or it is
// to be made again. A run that was shared without its data is made anew, and one whose files
// were changed takes them out of the store again.
func (r *Runner) Finished(p *pipeline.Prepared) *run.Manifest {
	dir := filepath.Join(r.Runs, p.Spec.Experiment, p.Spec.ID())
	m, err := run.Open(dir)
	if err != nil || len(p.Job.Again) > 0 || len(m.Withheld) > 0 || run.Verify(dir) != nil {
		return nil
	}
	return m
}

// Prepare makes an experiment with overrides ready to be planned or run, and says which
// settings the overrides change. The caller must close the result.
func (r *Runner) Prepare(ctx context.Context, name string, overrides []string, repeat Repetition) (*pipeline.Prepared, error) {
	if repeat.Force && repeat.From != "" {
		return nil, Mistake{fmt.Errorf("--force and --from: want one of them")}
	}
	e, err := r.Experiment(name, overrides)
	if err != nil {
		return nil, err
	}
	p, err := r.PrepareConfig(ctx, name, overrides, e, r.Store())
	if err != nil {
		return nil, err
	}
	if p.Job.Again, err = repeat.stages(p.Job); err != nil {
		p.Close()
		return nil, Mistake{fmt.Errorf("--from: %w", err)}
	}
	return p, nil
}

// PrepareConfig makes a resolved configuration ready to be planned or run with results
// in the store s. The caller must close the result.
func (r *Runner) PrepareConfig(ctx context.Context, name string, overrides []string, e config.Experiment, s *store.Store) (*pipeline.Prepared, error) {
	return pipeline.Prepare(ctx, name, overrides, e, r.options(s))
}

// Session returns a session for experiments whose results go into the runner's store. The
// caller must close it.
func (r *Runner) Session() *pipeline.Session { return pipeline.NewSession(r.options(r.Store())) }

// options are what experiments with results in the store s are prepared with.
func (r *Runner) options(s *store.Store) pipeline.Options {
	return pipeline.Options{Store: s, Out: r.Messages, Warn: r.Terminal.Warn,
		Progress: func(in io.Reader, bytes int64) io.Reader {
			shown := r.Terminal.Progress()
			shown.Start("digest", bytes, "bytes")
			return &countingReader{r: in, shown: shown}
		}}
}

// stages returns the names of the stages to make again.
func (r Repetition) stages(j *executor.Job) ([]string, error) {
	if r.From != "" {
		return executor.From(j.Graph, r.From)
	}
	var names []string
	if r.Force {
		for _, s := range j.Graph.Stages {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

// CheckAnnotation refuses names and tags that the run in dir cannot have.
func (r *Runner) CheckAnnotation(a run.Annotation, dir string) error {
	err := a.Check()
	if err == nil && a.Name != "" {
		if file, unread := r.Read(); unread == nil && slices.Contains(file.Experiments, a.Name) {
			err = fmt.Errorf("run: name %q: an experiment of %s is called so: want another name", a.Name, file.Name)
		} else {
			err = run.CheckName(r.Runs, a.Name, dir)
		}
	}
	if err != nil {
		return Mistake{err}
	}
	return nil
}

// countingReader shows how many bytes have been read, until the end or an error.
type countingReader struct {
	r     io.Reader
	n     int64
	shown run.Progress
}

// Read reads like the reader behind it.
func (c *countingReader) Read(buffer []byte) (int, error) {
	n, err := c.r.Read(buffer)
	c.n += int64(n)
	c.shown.Set(c.n)
	if err != nil {
		c.shown.Done()
	}
	return n, err
}
