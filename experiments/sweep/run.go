package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/necstgen/necstgen/experiments/run"
)

// RunOptions say how the points of a sweep are run. The zero value runs all of them, one
// after the other.
type RunOptions struct {
	Jobs   int  // groups or points at once; 0: 1
	Failed bool // only points that have failed or were interrupted
}

// Event is the end of a group or of a point.
type Event struct {
	Group *Group // nil: it is a point's
	State State  // of the point
	Err   error  // nil: it is made
	Kept  bool   // the point had finished before
	Done  int    // points that have ended so far
	Total int    // points that are to be run
}

// Run makes the shared stages, then all points, and tells observe, one call at a time, what
// has ended. The sweep must be saved. Points that have finished are not run again. When one
// fails and OnError is Stop, no further one is begun; those under way are finished. The error
// names the points that have failed; where ctx has ended it is context.Canceled, and the same
// call goes on from there.
func (s *Sweep) Run(ctx context.Context, o RunOptions, observe func(Event)) error {
	states, err := s.Status()
	if err != nil {
		return err
	}
	r := &progress{sweep: s, observe: observe, before: states}
	for _, state := range states {
		if !o.Failed || state.Status == run.Failed || state.Status == run.Interrupted {
			r.todo = append(r.todo, state.Index)
		}
	}
	r.total = len(r.todo)
	jobs := max(1, o.Jobs)
	r.each(ctx, jobs, r.groups(), r.group)
	r.each(ctx, jobs, slices.Clone(r.todo), r.point)
	if ctx.Err() != nil {
		return context.Canceled
	}
	if err := r.failed.err(s.Len()); err != nil {
		return errors.Join(err, fmt.Errorf("sweep %s: %d of %d points failed: run the sweep again to go on, with --failed to run these alone", s.Ref(), r.failures, s.Len()))
	}
	return nil
}

// progress is a sweep that is being run.
type progress struct {
	sweep   *Sweep
	observe func(Event)
	before  []State // of all points
	total   int

	mu       sync.Mutex
	todo     []int // points, in their order
	done     int
	failed   problems
	failures int
}

// groups returns the numbers of groups that a point which is to be run and has not finished
// needs.
func (r *progress) groups() (numbers []int) {
	for i, g := range r.sweep.Groups {
		needed := func(index int) bool {
			_, asked := slices.BinarySearch(r.todo, index)
			return asked && r.before[index-1].Status != run.Finished
		}
		if slices.ContainsFunc(g.Points, needed) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// each calls do for numbers in their order, so many at once, until there is a reason to
// stop.
func (r *progress) each(ctx context.Context, jobs int, numbers []int, do func(context.Context, int)) {
	take := func() (number int, ok bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(numbers) == 0 || ctx.Err() != nil || r.failures > 0 && r.sweep.OnError != Continue {
			return 0, false
		}
		number, numbers = numbers[0], numbers[1:]
		return number, true
	}
	var wait sync.WaitGroup
	for range jobs {
		wait.Go(func() {
			for number, ok := take(); ok; number, ok = take() {
				do(ctx, number)
			}
		})
	}
	wait.Wait()
}

// group makes the shared stages of a group. If they fail, its points have failed, too.
func (r *progress) group(ctx context.Context, number int) {
	err := r.sweep.MakeShared(ctx, number, nil)
	g := r.sweep.Groups[number-1]
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.todo = slices.DeleteFunc(r.todo, func(index int) bool {
			if !slices.Contains(g.Points, index) {
				return false
			}
			r.note(at(r.sweep.Axes, index), fmt.Errorf("shared stages %s: %w", strings.Join(g.Stages, ", "), err))
			return true
		})
	}
	r.observe(Event{Group: &g, Err: err, Done: r.done, Total: r.total})
}

// point runs a point.
func (r *progress) point(ctx context.Context, index int) {
	state, err := r.sweep.RunPoint(ctx, index, nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil && err != nil {
		return
	}
	if err != nil {
		r.note(state.Point, err)
	} else {
		r.done++
	}
	kept := err == nil && state.Started.Equal(r.before[index-1].Started)
	r.observe(Event{State: state, Err: err, Kept: kept, Done: r.done, Total: r.total})
}

// note counts a point that has failed.
func (r *progress) note(p Point, err error) {
	r.failures++
	r.done++
	for line := range strings.Lines(err.Error()) {
		r.failed.add(p, strings.TrimSpace(line))
	}
}
