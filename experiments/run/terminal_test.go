package run_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
)

// Elsewhere than on a terminal a line comes every ten seconds, with the time left
// by the speed so far.
func TestProgressLines(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	var out, err bytes.Buffer
	terminal := &run.Terminal{Out: &out, Err: &err, Now: func() time.Time { return now }}
	p := terminal.Progress()
	p.Start("vae", 50, "epochs")
	for i := range 50 {
		now = now.Add(500 * time.Millisecond)
		p.Set(int64(i + 1))
	}
	p.Done()
	p = terminal.Progress()
	p.Start("read", 0, "packets") // of unknown length
	now = now.Add(11 * time.Second)
	p.Set(7)
	p.Done()
	want := "vae: 20 of 50 epochs, 15.0 s left\nvae: 40 of 50 epochs, 5.00 s left\nread: 7 packets, 1 a second\n"
	if err.String() != want || out.Len() != 0 {
		t.Errorf("got:\n%swant:\n%s", err.String(), want)
	}
}

// A slow beginning does not count for what is left.
func TestProgressLinesSpeedUp(t *testing.T) {
	var err bytes.Buffer
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	terminal := &run.Terminal{Out: io.Discard, Err: &err, Now: func() time.Time { return now }}
	p := terminal.Progress()
	p.Start("generate", 100_000, "packets")
	for _, n := range []int64{10, 50_010} {
		now = now.Add(10 * time.Second)
		p.Set(n)
	}
	want := "generate: 10 of 100000 packets, 1 a second, 27h46m left\ngenerate: 50010 of 100000 packets, 5000 a second, 10.0 s left\n"
	if err.String() != want {
		t.Errorf("got:\n%swant:\n%s", err.String(), want)
	}
}

func TestProgressBar(t *testing.T) {
	var err bytes.Buffer
	terminal := &run.Terminal{Out: &err, Err: &err, Interactive: true}
	p := terminal.Progress()
	p.Start("vae", 50, "epochs")
	time.Sleep(150 * time.Millisecond) // the bar draws ten times a second
	p.Set(10)
	p.Set(60) // more than there are
	p.Done()
	text := err.String()
	if !strings.Contains(text, "vae") || !strings.Contains(text, "20%") || !strings.Contains(text, "10/50") || strings.Contains(text, "\n") {
		t.Errorf("%q", text)
	}
}

func TestSilence(t *testing.T) {
	var out, err bytes.Buffer
	for _, terminal := range []*run.Terminal{nil, {Out: &out, Err: &err, Quiet: true}} {
		terminal.Printf("%d\n", 1)
		p := terminal.Progress()
		p.Start("a", 1, "b")
		p.Set(1)
		p.Done()
		terminal.Warn("doubt")
	}
	if out.Len() != 0 || err.String() != "warning: doubt\n" {
		t.Errorf("out %q, err %q", out.String(), err.String())
	}
}

func TestSeconds(t *testing.T) {
	tests := []struct {
		seconds float64
		want    string
	}{
		{0, "0.00 s"}, {9.994, "9.99 s"}, {9.996, "10.0 s"}, {99.94, "99.9 s"}, {99.96, "1m40s"},
		{125.4, "2m05s"}, {3599.6, "1h00m"}, {7320, "2h02m"},
	}
	for _, tt := range tests {
		if got := run.Seconds(tt.seconds); got != tt.want {
			t.Errorf("Seconds(%g) = %s, want %s", tt.seconds, got, tt.want)
		}
	}
}

// drawn notes what a Live is told.
type drawn struct{ said []string }

func (d *drawn) Start(what string, total int64, unit string) {
	d.said = append(d.said, fmt.Sprint("start ", what, " ", total, " ", unit))
}
func (d *drawn) Set(n int64) { d.said = append(d.said, fmt.Sprint("set ", n)) }
func (d *drawn) Done()       { d.said = append(d.said, "done") }
func (d *drawn) Record(m run.Metric) {
	d.said = append(d.said, fmt.Sprint(m.Metric, " ", m.Step, " ", *m.Value))
}

// What draws a run is told of progress and metrics; nothing is written in its place.
func TestLive(t *testing.T) {
	var out, err bytes.Buffer
	d := new(drawn)
	terminal := &run.Terminal{Out: &out, Err: &err, Interactive: true, Live: d}
	p := terminal.Progress()
	p.Start("vae", 2, "epochs")
	terminal.Record("vae/loss", 1, 0.5)
	p.Set(1)
	p.Done()
	want := []string{"start vae 2 epochs", "vae/loss 1 0.5", "set 1", "done"}
	if !slices.Equal(d.said, want) || out.Len() != 0 || err.Len() != 0 {
		t.Errorf("%q, %q, %q, want %q", d.said, &out, &err, want)
	}
	(*run.Terminal)(nil).Record("vae/loss", 1, 0.5)
	(&run.Terminal{}).Record("vae/loss", 1, 0.5)
}

// lockedBuffer may be written to by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// size returns how many bytes have been written.
func (b *lockedBuffer) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Len()
}

// A bar of unknown length, which draws itself ten times a second, ends when it is done.
func TestSpinnerEnds(t *testing.T) {
	var out lockedBuffer
	terminal := &run.Terminal{Out: &out, Err: &out, Interactive: true}
	p := terminal.Progress()
	p.Start("digest", 0, "bytes")
	p.Set(1000)
	for out.size() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	p.Done()
	done := out.size()
	time.Sleep(300 * time.Millisecond)
	if after := out.size(); after != done {
		t.Errorf("%d bytes were written after the end", after-done)
	}
}
