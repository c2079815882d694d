package run

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Terminal is where a run speaks. A nil Terminal is silent.
type Terminal struct {
	Out         io.Writer        // results: stages, tables
	Err         io.Writer        // warnings and progress
	Interactive bool             // Err is a terminal, so a line may be drawn over
	Quiet       bool             // neither stages nor progress
	Now         func() time.Time // clock of the plain progress lines; nil: time.Now
	Live        Live             // draws progress and metrics in place of the lines of Err; nil: lines are written

	mu sync.Mutex
}

// Printf writes to Out unless the terminal is quiet.
func (t *Terminal) Printf(format string, args ...any) {
	if t == nil || t.Quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// A closed standard output shall not end a run.
	_, _ = fmt.Fprintf(t.Out, format, args...)
}

// Warn writes a line to Err.
func (t *Terminal) Warn(text string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.Err, "warning: %s\n", text)
}

// row writes one line of the stage table.
func (t *Terminal) row(name, value, note string) {
	t.Printf("%s\n", strings.TrimRight(fmt.Sprintf("%-12s %9s  %s", name, value, note), " "))
}

// Progress shows how far a piece of work is: with the time left on a terminal,
// as a line every ten seconds elsewhere, not at all when quiet.
type Progress interface {
	Start(what string, total int64, unit string) // total 0: unknown
	Set(n int64)                                 // done so far; may be called often
	Done()
}

// Live draws a run while it is under way, as a cell of a notebook does. Its methods may be
// called from several goroutines.
type Live interface {
	Progress
	Record(m Metric) // of a training that is under way
}

// Record passes a metric to what draws it, if anything does.
func (t *Terminal) Record(metric string, step int, value float64) {
	if t != nil && t.Live != nil {
		t.Live.Record(Metric{Metric: metric, Step: step, Value: &value})
	}
}

// Progress returns a new progress display.
func (t *Terminal) Progress() Progress {
	switch {
	case t == nil || t.Quiet:
		return silent{}
	case t.Live != nil:
		return t.Live
	case t.Interactive:
		return &bar{terminal: t}
	}
	return &lines{terminal: t}
}

// Steps returns a progress display of work in steps that are counted in different units: one
// display behind the other, each from the first step of its unit on.
func (t *Terminal) Steps(what string) *Steps { return &Steps{terminal: t, what: what} }

// Steps shows how far work is whose steps are counted in different units.
type Steps struct {
	terminal *Terminal
	what     string
	unit     string
	shown    Progress // nil: nothing was shown yet
}

// Set shows how much is done of how much (0: unknown), in a unit. It may be called often.
func (s *Steps) Set(done, total int64, unit string) {
	if s.shown == nil || s.unit != unit {
		s.Done()
		s.shown, s.unit = s.terminal.Progress(), unit
		s.shown.Start(s.what, total, unit)
	}
	s.shown.Set(done)
}

// Done ends what is shown.
func (s *Steps) Done() {
	if s.shown != nil {
		s.shown.Done()
	}
}

// silent shows nothing.
type silent struct{}

func (silent) Start(string, int64, string) {}
func (silent) Set(int64)                   {}
func (silent) Done()                       {}

// bar draws over one line.
type bar struct {
	terminal *Terminal
	bar      *progressbar.ProgressBar
}

func (b *bar) Start(what string, total int64, unit string) {
	if total <= 0 {
		total = -1 // a spinner with a rate
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(b.terminal.Err),
		progressbar.OptionSetDescription(fmt.Sprintf("%-12s", what)),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetWidth(24),
		progressbar.OptionClearOnFinish(),
	}
	switch {
	case unit == "bytes":
		options = append(options, progressbar.OptionShowBytes(true))
	case often(unit):
		options = append(options, progressbar.OptionSetItsString(unit), progressbar.OptionShowIts())
	}
	b.bar = progressbar.NewOptions64(total, options...)
}

func (b *bar) Set(n int64) {
	if b.bar != nil {
		_ = b.bar.Set64(n) // more than the total is no error worth a run
	}
}

func (b *bar) Done() {
	if b.bar != nil {
		_ = errors.Join(b.bar.Finish(), b.bar.Clear()) // unless it has finished, a bar of unknown length draws itself again and again
		b.bar = nil
	}
}

// often tells units of which there are so many that their rate says more than
// their number.
func often(unit string) bool { return unit == "packets" || unit == "flows" }

// interval is the time between two plain progress lines.
const interval = 10 * time.Second

// lines writes a line now and then.
type lines struct {
	terminal   *Terminal
	what, unit string
	total      int64
	last       time.Time // of the line before
	before     int64     // done by then
}

func (l *lines) now() time.Time {
	if l.terminal.Now != nil {
		return l.terminal.Now()
	}
	return time.Now()
}

func (l *lines) Start(what string, total int64, unit string) {
	l.what, l.total, l.unit, l.last, l.before = what, total, unit, l.now(), 0
}

// Set says the rate since the line before and what is left at that rate: the
// first part of a work, where programs are compiled and pipes filled, is slow.
func (l *lines) Set(n int64) {
	now := l.now()
	if now.Sub(l.last) < interval {
		return
	}
	rate := float64(n-l.before) / now.Sub(l.last).Seconds()
	l.last, l.before = now, n
	text := fmt.Sprintf("%s: %d %s", l.what, n, l.unit)
	if l.total > 0 {
		text = fmt.Sprintf("%s: %d of %d %s", l.what, n, l.total, l.unit)
	}
	if often(l.unit) {
		text += fmt.Sprintf(", %.0f a second", rate)
	}
	if l.total > 0 && rate > 0 {
		text += fmt.Sprintf(", %s left", Seconds(max(0, float64(l.total-n)/rate)))
	}
	l.terminal.mu.Lock()
	defer l.terminal.mu.Unlock()
	_, _ = fmt.Fprintln(l.terminal.Err, text)
}

func (l *lines) Done() {}

// Seconds writes a duration for a table: "0.42 s", "12.3 s", "4m05s".
func Seconds(s float64) string {
	switch {
	case s < 9.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 99.95:
		return fmt.Sprintf("%.1f s", s)
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
