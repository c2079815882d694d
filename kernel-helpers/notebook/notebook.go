// Package notebook is what a cell of a Go notebook (GoNB) needs: [Open] reads the
// newest run of an experiment, and [Show], [ShowTable] and [ShowMarkdown] show
// figures, tables and text of package report. It is the one importer of gonbui, and reaches no package that trains models, so a cell that shows a
// result compiles in a moment.
//
// GoNB compiles each cell into a program of its own: a cell opens the run again
// and shows one thing. Every function here that shows something waits until the
// kernel has taken it, or pictures of a program that ends would be lost.
package notebook

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// RunsVariable names the environment variable that may hold the folder of runs.
const RunsVariable = "NECSTGEN_RUNS"

// errNoKernel is the error of showing something outside a notebook.
var errNoKernel = errors.New("notebook: this program does not run in a cell of a Go notebook")

// Runs is the folder of runs: what NECSTGEN_RUNS says, else runs beside the
// go.mod above the notebook (GoNB puts its folder into GONB_DIR) or above the
// working folder.
func Runs() (string, error) {
	if dir := os.Getenv(RunsVariable); dir != "" {
		return dir, nil
	}
	start := os.Getenv("GONB_DIR")
	if start == "" {
		start = "."
	}
	start, err := filepath.Abs(start)
	if err != nil {
		return "", fmt.Errorf("notebook: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "runs"), nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("notebook: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("notebook: no go.mod in or above %s: set %s to the folder of runs", start, RunsVariable)
		}
	}
}

// Open reads the newest run of an experiment, everything that a report shows. It
// ends the cell if there is none.
func Open(experiment string) *report.Data {
	m, err := newest(experiment)
	Check(err)
	return report.Load(m)
}

// newest is the run of an experiment that finished last.
func newest(experiment string) (*run.Manifest, error) {
	dir, err := Runs()
	if err != nil {
		return nil, err
	}
	return run.LatestRun(dir, experiment)
}

// showFigure shows a figure.
func showFigure(f *figure.Figure) error {
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		return err
	}
	return show(func() { gonbui.DisplaySVG(b.String()) })
}

// ShowTable shows a table.
func ShowTable(t report.Table) error {
	var b bytes.Buffer
	if err := t.WriteHTML(&b); err != nil {
		return err
	}
	return show(func() { gonbui.DisplayHTML(b.String()) })
}

// ShowMarkdown shows text.
func ShowMarkdown(text string) error { return show(func() { gonbui.DisplayMarkdown(text) }) }

// show displays something and waits until the kernel has taken it.
func show(display func()) error {
	if !gonbui.IsNotebook {
		return errNoKernel
	}
	display()
	gonbui.Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	return nil
}

// Show shows the figure that a function returned, or ends the cell with its error:
// notebook.Show(a.Figure("lengths")).
func Show(f *figure.Figure, err error) {
	Check(err)
	Check(showFigure(f))
}

// Check ends the cell with a line that says why, unless err is nil. It is for
// cells only: a package returns its errors.
func Check(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
