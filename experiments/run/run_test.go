package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// clock ticks a quarter of a second a reading.
func clock() func() time.Time {
	t := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(250 * time.Millisecond); return t }
}

func spec(seed uint64) run.Spec {
	c := config.Default()
	c.Seed = seed
	return run.Spec{Experiment: "tiny", Overrides: []string{"seed=1"}, Config: c,
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

// write makes an artifact inside a stage of the same name.
func write(r *run.Run, stage, name, text string, inputs ...string) error {
	return r.Stage(stage, inputs, func() error {
		return r.WriteFile(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	})
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
	r := start(t, dir, spec(1), &run.Terminal{Out: &out, Err: &warnings})
	r.SetBackend(run.Backend{Name: "go", Reason: "no plugin was found"})
	err := r.Stage("read", []string{"data", "config.data"}, func() error {
		w, err := r.Create("tables/a.txt")
		if err != nil {
			return err
		}
		fmt.Fprint(w, "hello")
		r.Note("%d packets", 12)
		return w.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Stage("train", []string{"tables", "config.vae.epochs"}, func() error {
		path, err := r.Path("model/weights.bin") // a library writes it
		if err != nil {
			return err
		}
		r.Warn("component 7 holds 3 packets")
		return errors.Join(r.Record("vae/loss", 3, 1.25), os.WriteFile(path, []byte{1, 2}, 0o666))
	})
	if err != nil {
		t.Fatal(err)
	}
	seed := r.Seed("vae")
	if err := r.Finish(nil); err != nil {
		t.Fatal(err)
	}

	wantOut := "backend             go  no plugin was found\nread            0.50 s  12 packets\ntrain           0.75 s\n"
	if out.String() != wantOut {
		t.Errorf("terminal:\n%swant:\n%s", out.String(), wantOut)
	}
	if want := "warning: component 7 holds 3 packets\n"; warnings.String() != want {
		t.Errorf("warnings: %q, want %q", warnings.String(), want)
	}
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if m.Dir != r.Dir() || m.Status != run.Finished || m.Seeds["vae"] != seed || len(m.Warnings) != 1 {
		t.Errorf("manifest: dir %s, status %s, seeds %v, warnings %v", m.Dir, m.Status, m.Seeds, m.Warnings)
	}
	want := []string{"log.txt", "manifest.json", "metrics.jsonl", "model/weights.bin", "tables/a.txt"}
	if got := tree(t, m.Dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	// echo -n hello | sha256sum
	const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	if got := m.Stages[0].Outputs["tables/a.txt"]; got != hello {
		t.Errorf("digest of hello: %s", got)
	}
	if got := m.Stages[1].Outputs; len(got) != 1 || got["model/weights.bin"] == "" {
		t.Errorf("outputs of train: %v", got)
	}
	if len(m.Stages[0].Inputs) != 2 || m.Stages[0].Inputs["data"] != "abc" {
		t.Errorf("inputs of read: %v", m.Stages[0].Inputs)
	}
	metrics, err := m.Metrics()
	if err != nil || len(metrics) != 1 || metrics[0].Metric != "vae/loss" || *metrics[0].Value != 1.25 {
		t.Errorf("metrics %v, %v", metrics, err)
	}
	if err := run.Verify(os.DirFS(m.Dir)); err != nil {
		t.Error(err)
	}
}

func TestUnfinishedRunsLeaveNothing(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name string
		do   func(r *run.Run) error
	}{
		{"before any stage", func(r *run.Run) error { return boom }},
		{"cancelled before any stage", func(r *run.Run) error { return context.Canceled }},
		{"in a stage", func(r *run.Run) error {
			return r.Stage("read", nil, func() error { return boom })
		}},
		{"after a stage", func(r *run.Run) error { return errors.Join(write(r, "read", "a.txt", "x"), boom) }},
		{"in an artifact", func(r *run.Run) error {
			return r.Stage("read", nil, func() error {
				return r.WriteFile("a.txt", func(io.Writer) error { return boom })
			})
		}},
		{"unknown input", func(r *run.Run) error { return write(r, "read", "a.txt", "x", "nothing") }},
		{"unknown key", func(r *run.Run) error { return write(r, "read", "a.txt", "x", "config.vae.epoch") }},
		{"outside the folder", func(r *run.Run) error { return write(r, "read", "../a.txt", "x") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "runs")
			r := start(t, dir, spec(1), nil)
			err := tt.do(r)
			if err == nil {
				t.Fatal("no error")
			}
			if got := r.Finish(err); !errors.Is(got, err) {
				t.Errorf("Finish: %v, want %v", got, err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("left: %v, %v", tree(t, dir), err)
			}
		})
	}
}

func TestFailureKeepsTheFormerRun(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	if err := r.Finish(write(r, "read", "a.txt", "first")); err != nil {
		t.Fatal(err)
	}
	again := start(t, dir, spec(1), nil)
	if err := again.Finish(errors.Join(write(again, "read", "a.txt", "second"), errors.New("boom"))); err == nil {
		t.Fatal("no error")
	}
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(m.Path("a.txt")); string(text) != "first" {
		t.Errorf("%q, %v", text, err)
	}
	third := start(t, dir, spec(1), nil)
	if err := third.Finish(write(third, "read", "b.txt", "third")); err != nil {
		t.Fatal(err)
	}
	want := []string{"latest", r.Spec.ID() + "/b.txt", r.Spec.ID() + "/log.txt", r.Spec.ID() + "/manifest.json", r.Spec.ID() + "/metrics.jsonl"}
	slices.Sort(want)
	if got := tree(t, filepath.Join(dir, "tiny")); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

func TestResume(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	if err := errors.Join(r.Record("early", 0, 1), write(r, "read", "a.txt", "a", "data")); err != nil {
		t.Fatal(err)
	}
	err := r.Stage("train", []string{"a.txt"}, func() error {
		return errors.Join(r.Record("loss", 0, 2), r.WriteFile("model/w", func(w io.Writer) error { _, err := w.Write([]byte("w")); return err }))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Stage("generate", nil, func() error {
		path, err := r.Path("half.pcap")
		return errors.Join(err, r.Record("half", 0, 3), os.WriteFile(path, []byte("half"), 0o666), context.Canceled)
	})
	if err := r.Finish(err); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if ids, err := run.IDs(dir, "tiny"); len(ids) != 0 || err != nil {
		t.Errorf("an interrupted run is listed: %v, %v", ids, err)
	}

	var out bytes.Buffer
	r = start(t, dir, spec(1), &run.Terminal{Out: &out, Err: io.Discard})
	if !r.Reuse("read", []string{"data"}) || !r.Reuse("train", []string{"a.txt"}) {
		t.Error("a finished stage is not reused")
	}
	if r.Reuse("generate", nil) {
		t.Error("an unfinished stage is reused")
	}
	if err := r.Finish(write(r, "generate", "whole.pcap", "whole", "model")); err != nil {
		t.Fatal(err)
	}
	if want := "read            reused\ntrain           reused\ngenerate        0.50 s\n"; out.String() != want {
		t.Errorf("terminal:\n%swant:\n%s", out.String(), want)
	}
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.txt", "log.txt", "manifest.json", "metrics.jsonl", "model/w", "whole.pcap"}
	if got := tree(t, m.Dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	text, err := os.ReadFile(m.Path("metrics.jsonl"))
	if want := metricLines("early 0 1", "loss 0 2", "half 0 3"); string(text) != want {
		t.Errorf("metrics %q, %v; want %q", text, err, want)
	}
	if err := run.Verify(m.FS()); err != nil {
		t.Error(err)
	}
}

// metricLines are lines of metrics.jsonl, each from "metric step value".
func metricLines(points ...string) string {
	var b strings.Builder
	for _, p := range points {
		f := strings.Fields(p)
		fmt.Fprintf(&b, "{\"metric\":%q,\"step\":%s,\"value\":%s}\n", f[0], f[1], f[2])
	}
	return b.String()
}

// A run that goes on with a training has the epochs of both parts, each once.
func TestResumedMetrics(t *testing.T) {
	tests := []struct {
		name    string
		damage  func(t *testing.T, metrics string)
		resumed []int // epochs after the interruption at the third
		want    []string
	}{
		{"from a checkpoint", nil, []int{2, 3}, []string{"lstm/loss 0 0", "lstm/loss 1 1", "lstm/loss 2 20", "lstm/loss 3 30"}},
		{"nothing left to do", nil, nil, []string{"lstm/loss 0 0", "lstm/loss 1 1", "lstm/loss 2 2"}},
		{"from the start", nil, []int{0, 1, 2, 3}, []string{"lstm/loss 0 0", "lstm/loss 1 10", "lstm/loss 2 20", "lstm/loss 3 30"}},
		{"killed while writing", func(t *testing.T, metrics string) {
			info, err := os.Stat(metrics)
			if err == nil {
				err = os.Truncate(metrics, info.Size()-5)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, []int{3}, []string{"lstm/loss 0 0", "lstm/loss 1 1", "lstm/loss 3 30"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			r := start(t, dir, spec(1), nil)
			err := errors.Join(write(r, "read", "a.txt", "a"), r.Stage("lstm", nil, func() error {
				for epoch := range 3 {
					if err := r.Record("lstm/loss", epoch, float64(epoch)); err != nil {
						return err
					}
				}
				return context.Canceled
			}))
			if err := r.Finish(err); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if tt.damage != nil {
				tt.damage(t, filepath.Join(r.Dir()+".partial", "metrics.jsonl"))
			}
			r = start(t, dir, spec(1), nil)
			if !r.Reuse("read", nil) {
				t.Fatal("not reused")
			}
			err = r.Stage("lstm", nil, func() error {
				for _, epoch := range tt.resumed {
					if err := r.Record("lstm/loss", epoch, float64(10*epoch)); err != nil {
						return err
					}
				}
				return nil
			})
			if err := r.Finish(err); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(r.Dir(), "metrics.jsonl"))
			if want := metricLines(tt.want...); string(text) != want {
				t.Errorf("metrics %q, %v; want %q", text, err, want)
			}
			if err := run.Verify(os.DirFS(r.Dir())); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReuseRefuses(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, partial string)
		inputs []string
	}{
		{"other inputs", func(*testing.T, string) {}, []string{"data", "config.vae"}},
		{"changed output", func(t *testing.T, partial string) {
			if err := os.WriteFile(filepath.Join(partial, "a.txt"), []byte("b"), 0o666); err != nil {
				t.Fatal(err)
			}
		}, []string{"data"}},
		{"missing output", func(t *testing.T, partial string) {
			if err := os.Remove(filepath.Join(partial, "a.txt")); err != nil {
				t.Fatal(err)
			}
		}, []string{"data"}},
		{"cut manifest", func(t *testing.T, partial string) {
			if err := os.Truncate(filepath.Join(partial, "manifest.json"), 40); err != nil {
				t.Fatal(err)
			}
		}, []string{"data"}},
		{"cut metrics", func(t *testing.T, partial string) {
			if err := os.Truncate(filepath.Join(partial, "metrics.jsonl"), 0); err != nil {
				t.Fatal(err)
			}
		}, []string{"data"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			r := start(t, dir, spec(1), nil)
			err := r.Stage("read", []string{"data"}, func() error {
				return errors.Join(r.Record("m", 0, 1), r.WriteFile("a.txt", func(w io.Writer) error { _, err := w.Write([]byte("a")); return err }))
			})
			if err := r.Finish(errors.Join(err, context.Canceled)); err == nil {
				t.Fatal("no error")
			}
			tt.damage(t, r.Dir()+".partial")
			r = start(t, dir, spec(1), nil)
			if r.Reuse("read", tt.inputs) {
				t.Error("reused")
			}
			if err := r.Finish(write(r, "other", "b.txt", "b")); err != nil {
				t.Fatal(err)
			}
			want := []string{"b.txt", "log.txt", "manifest.json", "metrics.jsonl"}
			if got := tree(t, r.Dir()); !slices.Equal(got, want) {
				t.Errorf("files %v, want %v", got, want)
			}
		})
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	if _, err := run.Start(dir, spec(1), run.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second writer: %v", err)
	}
	if err := r.Finish(nil); err != nil {
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
	base := spec(1).ID()
	elsewhere := spec(1)
	elsewhere.Config.Data.Path, elsewhere.Config.About, elsewhere.Inputs[0].Path = "b.pcap", "x", "b.pcap"
	if elsewhere.ID() != base {
		t.Error("the id depends on where the data lies")
	}
	other := spec(1)
	other.Inputs[0].SHA256 = "abd"
	for name, id := range map[string]string{"seed": spec(2).ID(), "data": other.ID()} {
		if id == base {
			t.Errorf("the id does not depend on the %s", name)
		}
	}
	if len(base) != 12 {
		t.Errorf("id %q", base)
	}
}

func TestSeeds(t *testing.T) {
	draw := func(seed uint64, name string) uint64 {
		r := start(t, t.TempDir(), spec(seed), nil)
		defer r.Finish(nil)
		if s := r.Seed(name); s>>63 != 0 {
			t.Errorf("seed %d does not fit an int64", s)
		}
		return rand.New(r.Source(name)).Uint64()
	}
	if draw(1, "vae") != draw(1, "vae") {
		t.Error("the same seed and name give different numbers")
	}
	if draw(1, "vae") == draw(1, "lstm") || draw(1, "vae") == draw(2, "vae") {
		t.Error("another seed or name gives the same numbers")
	}
}

func TestRecordOfNoNumber(t *testing.T) {
	r := start(t, t.TempDir(), spec(1), nil)
	zero := 0.0
	if err := errors.Join(r.Record("a", 0, zero/zero), r.Record("a", 1, 1/zero)); err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(nil); err != nil {
		t.Fatal(err)
	}
	m, err := run.Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := m.Metrics()
	if err != nil || len(metrics) != 2 || metrics[0].Value != nil || metrics[1].Value != nil {
		t.Errorf("%v, %v", metrics, err)
	}
}

// The manifest is read by other programs: its keys are part of the interface.
func TestManifestKeys(t *testing.T) {
	r := start(t, t.TempDir(), spec(1), nil)
	if err := r.Finish(nil); err != nil {
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
