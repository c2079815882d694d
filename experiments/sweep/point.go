package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
)

// RunPoint runs the point of that number, from 1 on, saying its stages to out, and keeps how
// it went. A point whose run has finished is not run again. Where another process runs the
// point, or a run of the same settings, that is waited for. The state is that of the
// point now; the error says what has ended it, and wraps context.Canceled where ctx has.
func (s *Sweep) RunPoint(ctx context.Context, index int, out *run.Terminal) (State, error) {
	p, err := s.Point(index)
	if err != nil {
		return State{}, err
	}
	lock, err := wait(ctx, func() (*os.File, error) { return s.claim(index) })
	if err != nil {
		return State{Point: p, Status: Waiting}, err
	}
	defer lock.Close()
	defer os.Remove(s.pointFile(index, lockSuffix)) // while it is locked, so that it is this one
	before, err := s.State(index)
	if err != nil {
		return before, err
	}
	host, _ := os.Hostname() // a host without a name is as good
	now := State{Point: p, Status: run.Running, Host: host, Started: time.Now().UTC()}
	if err := s.keep(now); err != nil {
		return now, err
	}
	m, fresh, err := s.complete(ctx, p, out)
	now.Seconds = time.Since(now.Started).Seconds()
	switch {
	case err == nil && !fresh && before.Status == run.Finished && before.Run == reference(m):
		now = before
	case err == nil:
		now.Status, now.Run = run.Finished, reference(m)
		if !fresh {
			now.Host, now.Started, now.Seconds = m.Host.Name, m.Started, m.Seconds
		}
	case ctx.Err() != nil:
		now.Status, err = run.Interrupted, context.Canceled
	default:
		now.Status, now.Error = run.Failed, err.Error()
	}
	return now, errors.Join(err, s.keep(now))
}

// reference is experiment/id of a run.
func reference(m *run.Manifest) string { return m.Experiment + "/" + m.ID }

// complete takes the finished run of a point, or makes it.
func (s *Sweep) complete(ctx context.Context, p Point, out *run.Terminal) (m *run.Manifest, fresh bool, err error) {
	prepared, err := s.prepare(ctx, p)
	if err != nil {
		return nil, false, err
	}
	err = s.unlessLocked(ctx, s.folder(prepared), func() error {
		m, fresh, err = s.runner.Complete(ctx, prepared, out, run.Annotation{})
		return err
	})
	return m, fresh, err
}

// unlessLocked calls do when no process writes the run in a folder.
func (s *Sweep) unlessLocked(ctx context.Context, dir string, do func() error) error {
	for {
		_, err := wait(ctx, func() (*run.Manifest, error) {
			m, err := run.Open(dir)
			if err == nil && m.State() == run.Running {
				return nil, nil
			}
			return &run.Manifest{}, nil
		})
		if err != nil {
			return err
		}
		if err := do(); !errors.Is(err, run.ErrLocked) { // begun in between
			return err
		}
	}
}

// wait calls try four times a second until it returns something or ctx ends.
func wait[T any](ctx context.Context, try func() (*T, error)) (*T, error) {
	for {
		got, err := try()
		if got != nil || err != nil {
			return got, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Canceled
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// Group returns the group of that number, from 1 on.
func (s *Sweep) Group(number int) (Group, error) {
	if number < 1 || number > len(s.Groups) {
		return Group{}, fmt.Errorf("sweep %s: no group %d of shared stages: it has %d", s.ID, number, len(s.Groups))
	}
	return s.Groups[number-1], nil
}

// Made reports whether all stages of the group of that number, from 1 on, are stored.
func (s *Sweep) Made(ctx context.Context, number int) (bool, error) {
	g, err := s.Group(number)
	if err != nil {
		return false, err
	}
	p, err := s.Point(g.Points[0])
	if err != nil {
		return false, err
	}
	prepared, err := s.prepare(ctx, p)
	if err != nil {
		return false, err
	}
	return s.stored(prepared, g), nil
}

// MakeShared makes and stores the stages of the group of that number, from 1 on, saying them
// to out. What is stored is not made again, and what another process makes is waited for.
// When a stage fails, the points of the group that have not finished are kept as failed.
func (s *Sweep) MakeShared(ctx context.Context, number int, out *run.Terminal) error {
	g, err := s.Group(number)
	if err != nil {
		return err
	}
	p, err := s.Point(g.Points[0])
	if err != nil {
		return err
	}
	prepared, err := s.prepare(ctx, p)
	if err == nil && !s.stored(prepared, g) {
		dir := s.SharedDir()
		options := run.Options{Out: out, Source: run.ReadSource(ctx, ".")}
		_, err = wait(ctx, func() (*State, error) {
			err := prepared.Make(ctx, dir, g.Stages, options)
			if errors.Is(err, run.ErrLocked) {
				return nil, nil
			}
			return &State{}, err
		})
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Canceled
	}
	return errors.Join(err, s.fail(g, err))
}

// stored reports whether the store has everything of a group.
func (s *Sweep) stored(p *pipeline.Prepared, g Group) bool {
	for _, name := range g.Stages {
		if p.Job.Store.Find(name, p.Job.Keys[name]) == nil {
			return false
		}
	}
	return true
}

// fail keeps the points of a group that have not finished as failed.
func (s *Sweep) fail(g Group, why error) error {
	host, _ := os.Hostname()
	for _, index := range g.Points {
		state, err := s.State(index)
		if err != nil {
			return err
		}
		if state.Status == run.Finished || state.Status == run.Running {
			continue
		}
		err = s.keep(State{Point: at(s.Axes, index), Status: run.Failed, Host: host, Started: time.Now().UTC(),
			Error: fmt.Sprintf("shared stages %s: %v", strings.Join(g.Stages, ", "), why)})
		if err != nil {
			return err
		}
	}
	return nil
}
