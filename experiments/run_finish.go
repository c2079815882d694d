package main

import (
	"context"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/run"
)

// finish makes a finished run of an experiment that is called so. It is not fresh where
// it was one before.
func (c *command) finish(ctx context.Context, name string, overrides []string, repeat repetition, called run.Annotation) (m *run.Manifest, fresh bool, err error) {
	p, err := c.prepare(ctx, name, overrides, repeat)
	if err != nil {
		return nil, false, err
	}
	defer p.Close()
	out := c.terminal()
	dir := filepath.Join(c.runs, name, p.Spec.ID())
	if err := c.checkAnnotation(called, dir); err != nil {
		return nil, false, err
	}
	// A run whose files were changed takes them out of the store again.
	if m, err := run.Open(dir); err == nil && len(p.Job.Again) == 0 && run.Verify(dir) == nil {
		out.Printf("it finished on %s and is not computed again (--force does)\n", m.Finished.Local().Format("2006-01-02 15:04:05"))
		return m, false, m.Annotate(m.Annotation.With(called))
	}
	r, err := p.Run(ctx, c.runs, run.Options{Out: out, Source: run.ReadSource(ctx, "."), Annotation: called})
	if err != nil && len(p.Job.Again) > 0 {
		return nil, false, stoppedError{err, ": run it again without --force or --from to go on from here"}
	}
	if err != nil {
		return nil, false, err
	}
	m, err = run.Open(r.Dir())
	return m, true, err
}
