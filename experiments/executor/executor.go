// Package executor runs a graph of stages: what the store has is taken out of it,
// the rest is made and put into it, and all of it is linked into a run folder.
//
//	Job    a graph with its keys, where its results go and what it computes on
//	Plan   what of a job would run, and why
//
// Stages run one after the other, since each of those that take time uses all
// processors. Several processes may work on one store: of a stage that two of them
// need one makes it and the other waits.
package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Job is a graph that is to be run.
type Job struct {
	Graph   *stage.Graph
	Keys    map[string]stage.Key // of every stage
	Store   *store.Store
	Seed    uint64                                             // of the run
	Inputs  map[string]func() (io.ReadCloser, error)           // opens the inputs of the graph
	Backend func(ctx context.Context) (compute.Backend, error) // opens the backend; called when a stage needs it
	Again   []string                                           // stages that are made again although the store has them
	Check   func(r *run.Run, stage string) error               // is called when a stage's results are there, and may end the run; nil: nothing is checked
}

// Only returns the job of some of the stages, which must include whatever they depend on.
func (j *Job) Only(names []string) (*Job, error) {
	var stages []stage.Stage
	for _, name := range names {
		s, ok := j.Graph.Stage(name)
		if !ok {
			return nil, unknown(j.Graph, name)
		}
		stages = append(stages, *s)
	}
	graph, err := stage.NewGraph(stages, j.Graph.Inputs...)
	if err != nil {
		return nil, fmt.Errorf("executor: some stages only: %w", err)
	}
	part := *j
	part.Graph = graph
	return &part, nil
}

// Abandoned says that a stage did not end within grace after it was interrupted. It
// may still run: the process has to end, and must not take away what the stage uses.
var Abandoned = errors.New("the stage under way did not stop in time and is abandoned")

// grace is how long a stage may go on after an interruption: a call of a backend
// cannot be interrupted, and an epoch or a compilation may take longer.
const grace = 1500 * time.Millisecond

// Run makes what is missing of a job's results and enters everything into a run. It
// ends at the first stage that fails, or soon after ctx ends; what is done by then
// stays in the store and in the run.
func Run(ctx context.Context, j *Job, r *run.Run) error {
	for _, name := range j.Again {
		if err := j.Store.Discard(name, j.Keys[name]); err != nil {
			return err
		}
	}
	for i := range j.Graph.Stages {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := j.obtain(ctx, i, r)
		for errors.Is(err, store.ErrRemoved) && ctx.Err() == nil { // by another process, before it was linked
			err = j.obtain(ctx, i, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// obtain takes the results of stage i out of the store, or makes them.
func (j *Job) obtain(ctx context.Context, i int, r *run.Run) error {
	s := &j.Graph.Stages[i]
	now := run.Work{Stage: s.Name, Key: j.Keys[s.Name].Sum, Number: i + 1, Of: len(j.Graph.Stages)}
	entry, claim, err := j.Store.Claim(ctx, s.Name, j.Keys[s.Name],
		func() {
			r.Terminal().Printf("%s: another process makes it, waiting for that\n", s.Name)
			waiting := now
			waiting.Waiting = true
			r.Working(waiting)
		},
		func(err error) {
			r.Warn(fmt.Sprintf("%s: the stored result is damaged, it is made again: %v", s.Name, err))
		})
	if err != nil {
		return err
	}
	if entry != nil {
		return j.enter(r, entry, true)
	}
	r.Log("stage %s", s.Name)
	r.Working(now)
	w := &work{run: r, now: now, shown: r.Terminal().Steps(now.Stage)}
	env := stage.NewEnv(*s, j.host(s, claim, r, w))
	err = call(ctx, s, env, r)
	if errors.Is(err, Abandoned) {
		return err // and keep the claim until the process ends
	}
	w.shown.Done()
	if err != nil {
		err = fmt.Errorf("%s: %w", s.Name, err)
		if lost := r.Intact(); lost != nil {
			err = lost // whatever that has broken
		}
		return errors.Join(err, claim.Release())
	}
	if entry, err = claim.Commit(s.Outs, w.note, w.warnings); err != nil {
		return err
	}
	return j.enter(r, entry, false)
}

// enter takes a result into the run and checks what it allows to check.
func (j *Job) enter(r *run.Run, e *store.Entry, reused bool) error {
	if err := r.Enter(e, reused); err != nil || j.Check == nil {
		return err
	}
	return j.Check(r, e.Stage)
}

// call runs a stage until it ends, or until grace after ctx has ended.
func call(ctx context.Context, s *stage.Stage, env *stage.Env, r *run.Run) error {
	done := make(chan error, 1)
	go func() { done <- guarded(ctx, s, env, r) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return errors.Join(ctx.Err(), Abandoned)
	}
}

// guarded runs a stage. A panic is a mistake in this program: its trace goes into the
// run's log, and the run ends as one that failed, with what it has finished.
func guarded(ctx context.Context, s *stage.Stage, env *stage.Env, r *run.Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log("panic: %v\n%s", p, debug.Stack())
			err = fmt.Errorf("panic: %v (the trace is in log.txt of %s)", p, r.Dir())
		}
	}()
	return s.Run(ctx, env)
}

// host connects a stage with the store and the run.
func (j *Job) host(s *stage.Stage, claim *store.Claim, r *run.Run, w *work) stage.Host {
	checkpoint, resumed := claim.Checkpoint()
	if resumed {
		r.Terminal().Printf("%s: goes on from where it was interrupted\n", s.Name)
	}
	return stage.Host{
		Open: func(dep string) (io.ReadCloser, error) {
			if open, ok := j.Inputs[dep]; ok {
				return open()
			}
			return os.Open(r.Path(dep))
		},
		Path: func(dep string) (string, error) {
			if _, ok := j.Inputs[dep]; ok {
				return "", fmt.Errorf("%s is a stream: open it", dep)
			}
			return r.Path(dep), nil
		},
		Dir: claim.Dir, Checkpoint: checkpoint, Seed: j.Seed, Backend: j.Backend,
		Record: func(metric string, step int, value float64) error {
			r.Terminal().Record(metric, step, value)
			return claim.Record(metric, step, value)
		},
		Progress: func(done, total int64, unit string) { w.progress(done, total, unit) },
		Note:     func(text string) { w.note = text },
		Warn:     w.warn,
	}
}

// work is what is known of a stage that runs.
type work struct {
	run      *run.Run
	now      run.Work
	note     string
	warnings []string
	shown    *run.Steps
}

func (w *work) warn(err error) {
	w.warnings = append(w.warnings, err.Error())
	w.run.Warn(err.Error())
}

func (w *work) progress(done, total int64, unit string) {
	w.shown.Set(done, total, unit)
	w.now.Done, w.now.Total, w.now.Unit = done, total, unit
	w.run.Working(w.now)
}

// Step is one stage of a plan.
type Step struct {
	Stage   string    `json:"stage"`
	Cached  bool      `json:"cached"`
	Why     string    `json:"why,omitempty"`    // why it would run
	Made    time.Time `json:"made,omitzero"`    // when a cached one was made
	Seconds float64   `json:"seconds,omitzero"` // how long a cached one took; of another the one used last
}

// Plan says of each stage whether the store has it, and why it would run where it
// has not. Nothing is executed and no result is read.
func Plan(j *Job) []Step {
	steps := make([]Step, len(j.Graph.Stages))
	runs := make(map[string]bool)
	for _, name := range j.Again {
		runs[name] = true
	}
	for i, s := range j.Graph.Stages {
		key := j.Keys[s.Name]
		step := Step{Stage: s.Name}
		entry := j.Store.Find(s.Name, key)
		switch {
		case entry != nil && runs[s.Name]:
			step.Why, step.Seconds = "it is asked to run again", entry.Seconds
		case entry != nil:
			step.Cached, step.Made, step.Seconds = true, entry.Started, entry.Seconds
		default:
			step.Why, step.Seconds = j.why(&s, key, runs)
			runs[s.Name] = true
		}
		steps[i] = step
	}
	return steps
}

// why says why a stage has no entry: what differs from the entry that was used
// last, in its own parameters first, then in what it depends on.
func (j *Job) why(s *stage.Stage, key stage.Key, runs map[string]bool) (why string, seconds float64) {
	nearest := j.Store.Nearest(s.Name)
	if nearest == nil {
		return "it was never made", 0
	}
	difference := stage.Difference(nearest.Preimage, key.Preimage)
	if difference == "" {
		return "its result is gone", nearest.Seconds
	}
	if !stage.OwnDifference(difference) {
		for _, dep := range s.Deps {
			if maker, made := j.Graph.Maker(dep); made && runs[maker.Name] {
				return maker.Name + " runs", nearest.Seconds
			}
		}
	}
	return difference, nearest.Seconds
}

// From returns a stage and all that depends on it, which is what Again must hold to
// begin there.
func From(g *stage.Graph, name string) ([]string, error) {
	if _, ok := g.Stage(name); !ok {
		return nil, unknown(g, name)
	}
	return append([]string{name}, g.Dependents(name)...), nil
}

// unknown says that a graph has no stage of that name.
func unknown(g *stage.Graph, name string) error {
	var names []string
	for _, s := range g.Stages {
		names = append(names, s.Name)
	}
	return fmt.Errorf("executor: no stage %q: want one of %v", name, names)
}
