package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// clock ticks a quarter of a second a reading.
func clock() func() time.Time {
	t := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(250 * time.Millisecond); return t }
}

func spec(seed uint64) run.Spec {
	c := config.Default()
	c.Seed = seed
	return run.Spec{Experiment: "tiny", Overrides: []string{"seed=1"}, Config: c, Keys: []string{fmt.Sprint("read", seed)}, Seeds: map[string]uint64{"split": seed},
		Inputs: []run.Input{{Name: "data", Path: "a.pcap", Bytes: 3, SHA256: "abc"}}}
}

func start(t *testing.T, dir string, s run.Spec, out *run.Terminal) *run.Run {
	t.Helper()
	r, err := run.Start(dir, s, run.Options{Out: out, Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// entry is what a stage of that name has made: files by name, one doubt and a curve of two points.
func entry(t *testing.T, name string, files map[string]string) *store.Entry {
	t.Helper()
	_, claim, err := store.Open(t.TempDir(), clock()).Claim(t.Context(), name, stage.Key{Sum: strings.Repeat("0", 64)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var outs []string
	for file, text := range files {
		path := filepath.Join(claim.Dir, filepath.FromSlash(file))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
		outs = append(outs, file)
	}
	if err := errors.Join(claim.Record(name+"/loss", 1, 2), claim.Record(name+"/loss", 2, 1)); err != nil {
		t.Fatal(err)
	}
	e, err := claim.Commit(outs, "a note", []string{"a doubt"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func text(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// tree lists the files under dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFinishedRun(t *testing.T) {
	dir := t.TempDir()
	var out, warnings bytes.Buffer
	s := spec(1)
	s.Backend = run.Backend{Name: "go", Reason: "no plugin was found"}
	r := start(t, dir, s, &run.Terminal{Out: &out, Err: &warnings})
	if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"tables/a.txt": "1"}), false), r.Enter(entry(t, "vae", map[string]string{"model/vae": "2"}), true)); err != nil {
		t.Fatal(err)
	}
	err := r.Finish(nil, func() error {
		if m := r.Manifest(); m.Status != run.Finished || len(m.Artifacts) != 3 {
			t.Errorf("the report sees %+v", m)
		}
		return r.WriteFile("report.html", text("<html>"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "backend             go  no plugin was found\nread            0.25 s  a note\nvae             reused  a note\n"; out.String() != want {
		t.Errorf("said\n%swant\n%s", out.String(), want)
	}
	if warnings.String() != "warning: a doubt\n" { // of the stage that was reused: the other's was said when it ran
		t.Errorf("warned %q", warnings.String())
	}
	want := []string{"log.txt", "manifest.json", "metrics.jsonl", "model/vae", "report.html", "tables/a.txt"}
	if got := tree(t, r.Dir()); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	m, err := run.LatestRun(dir, "tiny")
	if err != nil || m.Dir != r.Dir() || len(m.Stages) != 2 || m.Stages[1].Note != "a note" || !m.Stages[1].Reused || m.Seeds["split"] != 1 || m.Seconds <= 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	if metrics, err := m.Metrics(); err != nil || len(metrics) != 4 || metrics[2].Metric != "vae/loss" || *metrics[3].Value != 1 {
		t.Errorf("%v, %v", metrics, err)
	}
	if err := run.Verify(m.Dir); err != nil {
		t.Error(err)
	}
}

// What an earlier part of the run has left and no stage of this one has made goes
// when the run finishes, and not before.
func TestRestartedRun(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	boom := errors.New("boom")
	if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"a.txt": "1", "b.txt": "2"}), false)); err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(boom, nil); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if m, err := run.Open(r.Dir()); err != nil || m.Status != run.Failed || m.Error != "boom" || len(m.Artifacts) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	r = start(t, dir, spec(1), nil)
	if err := r.Enter(entry(t, "read", map[string]string{"a.txt": "3"}), false); err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(context.Canceled, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(r.Path("b.txt")); err != nil || string(got) != "2" {
		t.Errorf("%q, %v", got, err)
	}
	r = start(t, dir, spec(1), nil)
	if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"a.txt": "3"}), false), r.Finish(nil, nil)); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, r.Dir()); !slices.Equal(got, []string{"a.txt", "log.txt", "manifest.json", "metrics.jsonl"}) {
		t.Errorf("%v", got)
	}
}

// A report that fails leaves a run that failed.
func TestFailedReport(t *testing.T) {
	r := start(t, t.TempDir(), spec(1), nil)
	boom := errors.New("boom")
	if err := r.Finish(nil, func() error { return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if m, err := run.Open(r.Dir()); err != nil || m.Status != run.Failed || !m.Finished.IsZero() {
		t.Errorf("%+v, %v", m, err)
	}
}

// Any number of runs that finish at once leave a link to one of them, and at no
// moment none.
func TestLatestUnderManyWriters(t *testing.T) {
	dir := t.TempDir()
	if err := start(t, dir, spec(0), nil).Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for seed := range uint64(40) {
		wait.Go(func() {
			r, err := run.Start(dir, spec(seed+1), run.Options{Now: clock()})
			if err == nil {
				err = r.Finish(nil, nil)
			}
			if err != nil {
				t.Error(err)
			}
			if _, err := run.LatestRun(dir, "tiny"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := tree(t, filepath.Join(dir, "tiny")); slices.ContainsFunc(got, func(name string) bool { return strings.HasPrefix(name, "latest.") }) {
		t.Errorf("left behind: %v", got)
	}
	if ids, err := run.IDs(dir, "tiny"); err != nil || len(ids) != 41 {
		t.Errorf("%d ids, %v", len(ids), err)
	}
}

// A clock that is set back while a run is written does no harm: it takes no negative time,
// it finishes, and it is the latest.
func TestClockBackwards(t *testing.T) {
	dir := t.TempDir()
	if err := start(t, dir, spec(1), nil).Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	r, err := run.Start(dir, spec(2), run.Options{Now: func() time.Time { now = now.Add(-time.Hour); return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"a.txt": "1"}), false), r.Finish(nil, nil)); err != nil {
		t.Fatal(err)
	}
	m, err := run.LatestRun(dir, "tiny")
	if err != nil || m.Dir != r.Dir() || m.Seconds != 0 || m.Status != run.Finished || run.Verify(m.Dir) != nil {
		t.Errorf("%+v, %v", m, err)
	}
	if runs, broken, err := run.List(dir); err != nil || len(runs) != 2 || len(broken) != 0 || runs[0].Started.Before(runs[1].Started) {
		t.Errorf("%v, %v, %v", runs, broken, err)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	if _, err := run.Start(dir, spec(1), run.Options{}); !errors.Is(err, run.ErrLocked) {
		t.Errorf("second writer: %v", err)
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
}

func TestUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := run.Start(file, spec(1), run.Options{})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "--runs") {
		t.Errorf("%v", err)
	}
}

func TestID(t *testing.T) {
	base := spec(1)
	base.Keys = []string{"a", "b"}
	other := base
	other.Config.About, other.Keys = "x", []string{"b", "a"}
	if base.ID() != other.ID() || len(base.ID()) != 12 {
		t.Errorf("%s, %s: want the same 12 digits, whatever the order", base.ID(), other.ID())
	}
	if other.Keys = []string{"a", "c"}; base.ID() == other.ID() {
		t.Error("the id does not depend on the keys of the stages")
	}
}

// The manifest is read by other programs: its keys are part of the interface.
func TestManifestKeys(t *testing.T) {
	r := start(t, t.TempDir(), spec(1), nil)
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(r.Dir(), "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"schema", "experiment", "id", "status", "overrides", "config", "seeds", "inputs", "source",
		"backend", "host", "started", "finished", "seconds", "stages", "artifacts", "warnings"} {
		if m[key] == nil || string(m[key]) == "null" {
			t.Errorf("%s: %s", key, m[key])
		}
	}
}

// A run under way says how far its stage is, not more often than somebody reads it, and
// leaves nothing of that when it ends.
func TestWorking(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r, err := run.Start(t.TempDir(), run.Spec{Experiment: "e", Config: config.Default()}, run.Options{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	m := r.Manifest()
	if w, err := m.Work(); w != nil || err != nil {
		t.Errorf("%v, %v before the first stage", w, err)
	}
	began := at
	w := run.Work{Stage: "vae", Number: 2, Of: 9, Total: 10, Unit: "epochs"}
	for _, step := range []struct {
		after      time.Duration
		done, want int64
		rate       float64
	}{{0, 0, 0, 0}, {time.Second / 2, 1, 0, 0}, {time.Second / 2, 2, 2, 0}, {2 * time.Second, 7, 7, 2.5}, {-time.Hour, 8, 8, 0}} {
		at = at.Add(step.after)
		w.Done = step.done
		r.Working(w)
		got, err := m.Work()
		if err != nil || got.Done != step.want || got.Rate != step.rate || !got.Started.Equal(began) || got.Stage != "vae" || got.Number != 2 || got.Of != 9 {
			t.Errorf("%+v, %v; want %d done since %s", got, err, step.want, began)
		}
	}
	r.Working(run.Work{Stage: "gmm", Waiting: true})
	if got, err := m.Work(); err != nil || !got.Waiting || !got.Started.Equal(at) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(m.Path(run.WorkName), []byte(`{"stage`), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Work(); err == nil {
		t.Errorf("half a file is read as %+v", got)
	}
	if err := r.Finish(errors.New("no room"), nil); err == nil {
		t.Error("it finished")
	}
	if w, err := m.Work(); w != nil || err != nil {
		t.Errorf("%v, %v after the end", w, err)
	}
}

func BenchmarkWorking(b *testing.B) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r, err := run.Start(b.TempDir(), run.Spec{Experiment: "e", Config: config.Default()}, run.Options{Now: func() time.Time { at = at.Add(time.Second); return at }})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r.Working(run.Work{Stage: "vae", Total: 10, Unit: "epochs"})
	}
	_ = r.Finish(errors.New("done"), nil)
}
