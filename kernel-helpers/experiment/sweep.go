package experiment

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/experiments/sweep"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// Sweep runs an experiment with every combination of the values that are assigned, as
// "lstm.units=32,64" and "seed=1..3", one point after the other, or goes on where that
// ended, and returns what the points have scored. It is the command sweep; points are runs
// like others.
func Sweep(name string, assignments ...string) *sweep.Report {
	dir, err := notebook.Runs()
	notebook.Check(err)
	ctx, stop := interruptible()
	defer stop()
	v := newView(name, assignments)
	s, err := sweep.New(&runner.Runner{Runs: dir, Messages: v}, name, assignments, sweep.Options{})
	notebook.Check(err)
	defer s.Close()
	notebook.Check(s.Save())
	err = s.Run(ctx, sweep.RunOptions{Jobs: 1}, func(e sweep.Event) {
		if e.Group == nil {
			fmt.Fprintf(v, "%d of %d: %s %s\n", e.Done, e.Total, strings.Join(e.State.Assignments, " "), e.State.Status)
		}
	})
	check(ctx, err, "run this cell again to go on from here")
	summary, err := sweep.Summarize(s.Manifest)
	notebook.Check(err)
	notebook.Check(v.output.Finish(notebook.Markdown(fmt.Sprintf("%s: %d of %d points have finished", v.title, summary.Finished, s.Len()))))
	return summary
}
