// Package notebook is what a cell of a Go notebook (GoNB) needs to look at things: runs,
// captures and tables, each in a line or two.
//
//	Open, List, Compare     runs that are there
//	Packets, Flows          captures as frames; frame.Read reads tables
//	Features                what the models of a run see of its packets
//	CDF, Bars               figures of frames
//	Show, Check, Must       show whatever these return, or why they failed
//	Output, Curves          outputs that are drawn again while a cell works
//	File, Command           files for later cells, and other programs that look at them
//
// A figure becomes an output of two kinds, image/png and image/svg+xml, so that it is seen
// before anything is run: of a notebook that is not trusted JupyterLab shows the PNG alone.
// A table is text/html beside text/plain. Outside a notebook the same functions write text.
//
// GoNB compiles each cell into a program of its own, so a cell opens again what it shows,
// and linking is most of what a cell takes. This package reaches no package that trains
// models: of a cell that was changed, go build takes 1.9 s of processor time with this
// package and 2.8 s with package experiment, which makes runs. It is the one importer of
// gonbui, and waits until the kernel has taken what it shows, or outputs of a program that
// ends would be lost.
package notebook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// RunsVariable names the environment variable that may hold the folder of runs.
const RunsVariable = "NECSTGEN_RUNS"

// Runs is the folder of runs: what NECSTGEN_RUNS says, else runs beside the
// go.mod above the notebook (GoNB puts its folder into GONB_DIR) or above the
// working folder.
func Runs() (string, error) {
	if dir := os.Getenv(RunsVariable); dir != "" {
		return dir, nil
	}
	start, err := filepath.Abs(cmp.Or(os.Getenv("GONB_DIR"), "."))
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

// Open reads a run, everything that a report shows: an experiment's latest one, or any
// other by its name or as experiment/id. It ends the cell if there is none.
func Open(ref string) *report.Data { return report.Load(find(ref)[0]) }

// find opens runs, or ends the cell.
func find(refs ...string) []*run.Manifest {
	dir, err := Runs()
	Check(err)
	var runs []*run.Manifest
	for _, ref := range refs {
		m, err := run.Find(dir, ref)
		Check(err)
		runs = append(runs, m)
	}
	return runs
}

// Compare sets runs side by side, as the command compare does: what was asked for where
// they differ, scores, losses and training curves. It ends the cell if one is not there.
func Compare(refs ...string) {
	compared, err := comparison.Compare(find(refs...))
	Check(err)
	for _, t := range compared.Tables() {
		Show(t)
	}
	for _, f := range compared.Curves {
		Show(f)
	}
	for _, text := range compared.Missing {
		Show(Markdown("Missing: " + text))
	}
}

// List returns the runs that are there, a row each, the one that was started last first:
// what it is called, how far it is, and the scores that a run closes with, of which each
// has a column.
func List() *frame.Frame {
	dir, err := Runs()
	if err != nil {
		return frame.New(nil, err)
	}
	runs, broken, err := run.List(dir)
	if err != nil {
		return frame.New(nil, err)
	}
	for _, b := range broken {
		fmt.Fprintf(os.Stderr, "%s: %v\n", b.Dir, b.Err)
	}
	texts := map[string][]string{}
	add := func(column, text string) { texts[column] = append(texts[column], text) }
	scores := make([][]fidelity.Score, len(runs))
	var started []int64
	for i, m := range runs {
		add("run", m.Ref())
		add("experiment", m.Experiment)
		add("status", string(m.State()))
		add("generator", string(m.Config.Generator))
		add("tags", strings.Join(m.Tags, " "))
		started = append(started, m.Started.UnixNano())
		if m.Status == run.Finished {
			scores[i], _ = report.ReadScores(m) // columns without a number say enough
		}
	}
	var columns []table.Column
	for _, name := range []string{"run", "experiment", "status", "generator", "tags"} {
		columns = append(columns, table.Texts(name, texts[name]))
	}
	return frame.New(append(append(columns, table.Times("started", started)), closing(scores)...), nil)
}

// closing returns a column for each score that one of the runs closes with.
func closing(runs [][]fidelity.Score) []table.Column {
	var columns []table.Column
	values := map[string][]float64{}
	for i, scores := range runs {
		for _, s := range fidelity.Closing(scores) {
			if values[s.Score] == nil {
				values[s.Score] = slices.Repeat([]float64{math.NaN()}, len(runs))
				columns = append(columns, table.Numbers(s.Score, values[s.Score]))
			}
			if math.IsNaN(values[s.Score][i]) { // the first of a name is that of all applications
				values[s.Score][i] = *s.Value
			}
		}
	}
	return columns
}

// Packets reads files of packets as a frame, a row a packet: captures, tables and data sets
// of the catalog, as the command data info takes them. Each packet has the number of its
// flow, its direction and its application.
func Packets(names ...string) *frame.Frame {
	return opened(names, func(t *trace.Trace) *frame.Frame {
		var assembler flow.Assembler
		return frame.Packets(assembler.Label(t.Packets(context.Background(), trace.Selection{})))
	})
}

// Flows reads files of packets as Packets does, as a frame with a row a flow.
func Flows(names ...string) *frame.Frame {
	return opened(names, func(t *trace.Trace) *frame.Frame {
		var assembler flow.Assembler
		return frame.Flows(assembler.Table(t.Packets(context.Background(), trace.Selection{})))
	})
}

// Features returns the features of the packets that a run has learnt from, as they are and
// as the codes that its models took (see frame.Features).
func Features(ref string) (values, codes *frame.Frame) {
	m := find(ref)[0]
	Check(m.Check(report.TrainingName))
	return frame.Features(table.ReadPackets(m.Path(report.TrainingName)), m.Config.Features.Variant)
}

// opened opens names as one trace and closes it again.
func opened(names []string, read func(*trace.Trace) *frame.Frame) *frame.Frame {
	t, err := trace.Open(context.Background(), names, nil)
	if err != nil {
		return frame.New(nil, err)
	}
	defer t.Close()
	return read(t)
}

// File returns the path of a file that a cell makes for later cells. It lies in a folder
// beside the runs, which it makes if need be.
func File(name string) string {
	dir, err := Runs()
	Check(err)
	dir = filepath.Join(dir, ".notebook")
	Check(os.MkdirAll(dir, 0o777))
	return filepath.Join(dir, name)
}
