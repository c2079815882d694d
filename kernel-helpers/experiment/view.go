package experiment

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// view draws a run in a cell: what a terminal would say as one output, which has the
// progress of the stage under way as its last line, and the curves of each model as one
// more. It is the run.Live and the writer of the run's terminal.
type view struct {
	title  string
	status notebook.Output
	curves notebook.Curves

	mu        sync.Mutex
	said      strings.Builder
	drawn     time.Time
	what      string // the work under way; "": none
	unit      string
	total     int64 // 0: unknown
	began     time.Time
	first     int64 // done when Set was first called
	firstDone time.Time
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
	v.draw(0)
	return len(text), nil
}

// Start implements run.Progress.
func (v *view) Start(what string, total int64, unit string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.what, v.total, v.unit, v.began, v.firstDone = what, total, unit, time.Now(), time.Time{}
	v.draw(0)
}

// interval is the time between two drawings of progress.
const interval = 500 * time.Millisecond

// Set implements run.Progress.
func (v *view) Set(n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.firstDone.IsZero() {
		v.first, v.firstDone = n, time.Now()
	}
	v.draw(n)
}

// Done implements run.Progress.
func (v *view) Done() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.what = ""
}

// Record implements run.Live.
func (v *view) Record(m run.Metric) {
	// A curve that cannot be drawn, as of one value that is no number, ends no training.
	_ = v.curves.Record(m.Metric, m.Step, *m.Value)
}

// draw draws the status, now and then.
func (v *view) draw(done int64) {
	if time.Since(v.drawn) < interval {
		return
	}
	v.drawn = time.Now()
	text := v.said.String()
	if v.what != "" {
		text += v.progress(done) + "\n"
	}
	_ = v.status.Show(text) // progress that cannot be drawn ends no run
}

// progress returns the work under way as a line: a bar, how much is done, and how long the
// rest takes at the speed since the first step, before which programs are compiled.
func (v *view) progress(done int64) string {
	if v.total <= 0 {
		return fmt.Sprintf("%-12s %d %s", v.what, done, v.unit)
	}
	const width = 24
	full := int(min(max(done, 0), v.total) * width / v.total)
	line := fmt.Sprintf("%-12s %s%s %d of %d %s", v.what, strings.Repeat("█", full), strings.Repeat("░", width-full), done, v.total, v.unit)
	if since := time.Since(v.firstDone).Seconds(); !v.firstDone.IsZero() && done > v.first {
		line += fmt.Sprintf(", %s left", run.Seconds(since/float64(done-v.first)*float64(v.total-done)))
	}
	return line
}

// finish draws what the notebook keeps: the stages with what they found, and all curves. A
// run that was there already looks like one that was made now.
func (v *view) finish(m *run.Manifest) error {
	t := report.Table{Title: v.title + " has finished", Heads: []string{"stage", "what it found"}, Right: []bool{false, false}}
	for _, s := range m.Stages {
		t.Rows = append(t.Rows, []string{s.Name, s.Note})
	}
	if err := v.status.Show(t); err != nil {
		return err
	}
	metrics, err := m.Metrics()
	if err != nil {
		return err
	}
	v.curves.Replace(metrics)
	return v.curves.Draw()
}
