package experiment

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// view draws a run in a cell, as one output: what a terminal would say, with the progress
// of the stage under way as its last line, and below it the losses of the model that is
// trained. It is the run.Live and the writer of the run's terminal.
type view struct {
	title  string
	output notebook.Output

	mu        sync.Mutex
	said      strings.Builder
	what      string // the work under way; "": none
	unit      string
	done      int64
	total     int64 // 0: unknown
	first     int64 // done when Set was first called for it
	firstDone time.Time
	metrics   []run.Metric // of the stages so far
	drawn     time.Time
}

func newView(name string, overrides []string) *view {
	return &view{title: strings.Join(append([]string{name}, overrides...), " ")}
}

// terminal returns where the run speaks: the view, or outside a notebook the standard
// streams.
func (v *view) terminal() *run.Terminal {
	if !notebook.IsCell() {
		return &run.Terminal{Out: os.Stdout, Err: os.Stderr}
	}
	return &run.Terminal{Out: v, Err: v, Live: v}
}

// Write takes a line that the run says.
func (v *view) Write(text []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.said.Write(text)
	v.draw()
	return len(text), nil
}

// Start implements run.Progress.
func (v *view) Start(what string, total int64, unit string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.what, v.total, v.unit, v.done, v.firstDone = what, total, unit, 0, time.Time{}
	v.draw()
}

// Set implements run.Progress.
func (v *view) Set(n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done = n; v.firstDone.IsZero() {
		v.first, v.firstDone = n, time.Now()
	}
	v.draw()
}

// Done implements run.Progress.
func (v *view) Done() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.what, v.metrics = "", nil
}

// Record implements run.Live.
func (v *view) Record(m run.Metric) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.metrics = append(v.metrics, m)
}

// interval is the time between two drawings, of which one with curves takes a tenth of a
// second.
const interval = time.Second

// draw draws the run as it is, now and then. What cannot be drawn ends no run.
func (v *view) draw() {
	if time.Since(v.drawn) < interval {
		return
	}
	page := notebook.Page{Text: v.said.String()}
	if v.what != "" {
		page.Text += v.progress() + "\n"
	}
	if names := report.CurveNames(v.metrics); len(names) > 0 {
		if f, err := report.Curves("Training of the "+strings.ToUpper(v.what), v.metrics, names[0]...); err == nil {
			page.Figures = append(page.Figures, f)
		}
	}
	_ = v.output.Show(page)
	v.drawn = time.Now()
}

// progress returns the work under way as a line: a bar, how much is done, and how long the
// rest takes at the speed since the first step, before which programs are compiled.
func (v *view) progress() string {
	if v.total <= 0 {
		return fmt.Sprintf("%-12s %d %s", v.what, v.done, v.unit)
	}
	const width = 24
	full := int(min(max(v.done, 0), v.total) * width / v.total)
	line := fmt.Sprintf("%-12s %s%s %d of %d %s", v.what, strings.Repeat("█", full), strings.Repeat("░", width-full), v.done, v.total, v.unit)
	if since := time.Since(v.firstDone).Seconds(); !v.firstDone.IsZero() && v.done > v.first {
		line += fmt.Sprintf(", %s left", run.Seconds(since/float64(v.done-v.first)*float64(v.total-v.done)))
	}
	return line
}

// finish draws what the notebook keeps: the stages with what they found and made. A run that
// was there already looks like one that was made now.
func (v *view) finish(m *run.Manifest) error {
	t := report.Table{Title: v.title + " has finished", Heads: []string{"stage", "files", "what it found"}, Right: make([]bool, 3)}
	for _, s := range m.Stages {
		t.Rows = append(t.Rows, []string{s.Name, files(s), s.Note})
	}
	return v.output.Show(t)
}

// files lists the artifacts of a stage, those of a folder of a model as the folder.
func files(s run.Stage) string {
	var names []string
	for name := range s.Artifacts {
		if parts := strings.SplitN(name, "/", 3); len(parts) == 3 {
			name = parts[0] + "/" + parts[1] + "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
