// Package experiment makes runs from a cell of a notebook and draws from them: the
// command's own pipeline, in a line.
//
//	Run             learn a capture, generate, score: what `experiments run` does
//	Generate        more from a run, as captures and tables
//	PacketLevel     packets from the lowest level alone, as a frame
//	AggregateLevel  starts and sizes of flows from the highest level alone, as a frame
//	Mixture         points and the mixture that a cell has fitted to them, as a figure
//
// A run lies in the folder of runs and its stages in the store beside it, so the command, a
// later cell and a colleague find it again. A function that fails ends the cell with a box
// that says why, as package notebook does. Outside a notebook progress is lines of text.
//
// The models themselves are imported by a cell as by any Go program: vae.Fit, gmm.Fit,
// markov.Fit, lstm.FitWindow and the kinds of package generator have an Example each. A
// device.Open opens what they compute on, and notebook.Curves draws their losses.
package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// Run makes a finished run of an experiment with overrides (key=value), or takes the one
// that is there, and returns its manifest. While it works it draws its stages, its progress
// and the losses of its trainings; the notebook keeps what the stages found.
//
// A cell that is interrupted leaves what was done by then, and the same cell goes on from
// there. So it does after the kernel was killed. A run that another process is making, such
// as another notebook, is waited for.
func Run(name string, overrides ...string) *run.Manifest {
	dir, err := notebook.Runs()
	notebook.Check(err)
	ctx, stop := interruptible()
	defer stop()
	v := newView(name, overrides)
	r := &runner.Runner{Runs: dir, Terminal: v.terminal(), Messages: v}
	m, _, err := r.Finish(ctx, name, overrides, runner.Repetition{}, run.Annotation{})
	for said := false; errors.Is(err, run.ErrLocked) && ctx.Err() == nil; said = true {
		if !said {
			fmt.Fprintln(v, "another process is making this run, waiting for that")
		}
		wait(ctx, time.Second)
		m, _, err = r.Finish(ctx, name, overrides, runner.Repetition{}, run.Annotation{})
	}
	check(ctx, err, "run this cell again to go on from here")
	notebook.Check(v.finish(m))
	return m
}

// wait returns after a while, or when ctx ends.
func wait(ctx context.Context, while time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(while):
	}
}

// interruptible returns a context that ends when the cell is interrupted. A second
// interruption ends the program.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// check ends the cell if an error is not nil: with the command's exit codes, and advice
// where the cell was interrupted.
func check(ctx context.Context, err error, advice string) {
	switch {
	case err == nil:
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		notebook.Fail(3, "Interrupted", errors.New(advice))
	case errors.As(err, new(runner.Mistake)):
		notebook.Fail(2, "This cannot be run", err)
	default:
		notebook.Check(err)
	}
}
