package experiment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/reproduction"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// Reproduce runs the experiments of one of NeCSTGen's published data sets, as "http", with
// overrides (key=value), or takes the finished runs that are there, and sets them beside
// the authors' output, as the command paper does. Where the published files are not at hand
// the cell ends there, with one line that says how they are fetched.
func Reproduce(set string, overrides ...string) *reproduction.Result {
	sets := reproduction.Sets()
	i := slices.IndexFunc(sets, func(s reproduction.Set) bool { return s.Name == set })
	if i < 0 {
		var names []string
		for _, s := range sets {
			names = append(names, s.Name)
		}
		notebook.Check(fmt.Errorf("no published data set is called %q: want one of %s", set, strings.Join(names, ", ")))
	}
	dir, err := notebook.Runs()
	notebook.Check(err)
	ctx, stop := interruptible()
	defer stop()
	v := newView(set, overrides)
	r := &runner.Runner{Runs: dir, Terminal: v.terminal(), Messages: v}
	result, err := reproduction.Reproduce(ctx, r, sets[i], overrides, reproduction.Sources{
		Open: func(ctx context.Context, name string) (*trace.Trace, error) {
			return trace.Open(ctx, []string{name}, nil)
		},
		Warn: func(err error) { fmt.Fprintln(v, err) },
		Say:  func(text string) { fmt.Fprintln(v, text) },
	})
	check(ctx, err, "run this cell again to go on from here")
	if result.Failed {
		notebook.Check(errors.New(result.Why))
	}
	if result.Why != "" {
		notebook.Show(notebook.Markdown("Skipped: " + result.Why))
		os.Exit(0)
	}
	notebook.Check(v.output.Finish(notebook.Markdown(v.title + " has finished")))
	return result
}
