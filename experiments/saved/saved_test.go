package saved_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/baseline" // bootstrap
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// steady draws flows of one packet at equal times, and notes what it was asked for.
type steady struct {
	app  flow.Application
	rate float64 // flows a second
	got  *generator.Request
}

func (s steady) Flows(_ context.Context, r generator.Request) iter.Seq2[*flow.Flow, error] {
	*s.got = r
	return func(yield func(*flow.Flow, error) bool) {
		for i := 0; r.Flows == 0 || i < r.Flows; i++ {
			at := float64(i) / (s.rate * r.RateFactor)
			if r.Duration > 0 && at > r.Duration.Seconds() {
				return
			}
			f := &flow.Flow{Application: s.app, Tuple: flow.FiveTuple{Proto: flow.UDP}, Packets: []flow.Packet{{Time: r.Start + int64(at*1e9), Length: 100, Application: s.app}}}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// part is an application of so many flows a second.
func part(app flow.Application, rate, weight float64) (saved.Part, *generator.Request) {
	got := new(generator.Request)
	return saved.Part{Generator: steady{app, rate, got}, Plan: address.Default(), Weight: weight,
		Traffic: generator.Traffic{Application: app, Flows: int64(rate*100) + 1, Packets: 2 * (int64(rate*100) + 1), Bytes: 200 * (int64(rate*100) + 1), Start: 5, Last: 5 + 100e9, End: 5 + 101e9}}, got
}

// counts draws and counts by application.
func counts(t *testing.T, s *saved.Source, a saved.Amount) (map[flow.Application]int, time.Duration) {
	t.Helper()
	n, last := map[flow.Application]int{}, int64(0)
	first := int64(-1)
	for f, err := range s.Flows(t.Context(), a) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Start() < last {
			t.Errorf("a flow at %d after one at %d", f.Start(), last)
		}
		if last = f.Start(); first < 0 {
			first = last
		}
		n[f.Application]++
	}
	return n, time.Duration(last - first)
}

func TestMixtures(t *testing.T) {
	tests := []struct {
		name    string
		weights [2]float64
		amount  saved.Amount
		http    int // flows of 30 a second, as learnt
		dns     int // of 10 a second
		length  time.Duration
	}{
		{"as learnt", [2]float64{}, saved.Amount{Flows: 400, RateFactor: 1}, 300, 100, 10 * time.Second},
		{"no factor is 1", [2]float64{}, saved.Amount{Flows: 400}, 300, 100, 10 * time.Second},
		{"a duration", [2]float64{}, saved.Amount{Duration: 20 * time.Second}, 601, 201, 20 * time.Second},
		{"twice as dense", [2]float64{}, saved.Amount{Duration: 20 * time.Second, RateFactor: 2}, 1201, 401, 20 * time.Second},
		{"shares keep the whole rate", [2]float64{0.1, 0.9}, saved.Amount{Duration: 20 * time.Second}, 81, 721, 20 * time.Second},
		{"shares are of each other", [2]float64{0.3, 0.3}, saved.Amount{Flows: 400}, 200, 200, 10 * time.Second},
		{"packets", [2]float64{}, saved.Amount{Packets: 400}, 300, 100, 10 * time.Second},
		{"the first bound counts", [2]float64{}, saved.Amount{Packets: 400, Flows: 40, Duration: time.Hour}, 30, 10, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			http, _ := part(flow.HTTP, 30, tt.weights[0])
			dns, _ := part(flow.DNS, 10, tt.weights[1])
			s, err := saved.New(http, dns)
			if err != nil {
				t.Fatal(err)
			}
			got, length := counts(t, s, tt.amount)
			near := func(a, b int) bool { return a-b <= 2 && b-a <= 2 }
			if !near(got[flow.HTTP], tt.http) || !near(got[flow.DNS], tt.dns) || (length-tt.length).Abs() > 200*time.Millisecond {
				t.Errorf("%v in %s, want %d and %d in %s", got, length, tt.http, tt.dns, tt.length)
			}
			if s.Uplinks() {
				t.Error("these are no uplinks")
			}
		})
	}
}

// The parts have seeds of their own, and the same start.
func TestRequests(t *testing.T) {
	http, first := part(flow.HTTP, 30, 0)
	dns, second := part(flow.DNS, 10, 0)
	s, err := saved.New(http, dns)
	if err != nil {
		t.Fatal(err)
	}
	counts(t, s, saved.Amount{Flows: 3, Seed: 9})
	if first.Seed != 9 || second.Seed == 9 || second.Seed>>63 != 0 || first.Start != 5 || second.Start != 5 {
		t.Errorf("%+v, %+v", first, second)
	}
	counts(t, s, saved.Amount{Flows: 3, Seed: 9, Start: 77})
	if first.Start != 77 || second.Start != 77 {
		t.Errorf("%+v, %+v", first, second)
	}
}

func TestEstimate(t *testing.T) {
	http, _ := part(flow.HTTP, 30, 0)
	dns, _ := part(flow.DNS, 10, 0)
	s, err := saved.New(http, dns)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		amount saved.Amount
		want   float64 // packets, each of 100 bytes
	}{
		{saved.Amount{Flows: 400}, 800}, {saved.Amount{Packets: 99}, 99}, {saved.Amount{Duration: 10 * time.Second}, 800},
		{saved.Amount{Duration: 10 * time.Second, RateFactor: 3}, 2400}, {saved.Amount{Flows: 400, Packets: 1e9, Duration: time.Second}, 80},
	} {
		packets, bytes := s.Estimate(tt.amount)
		if math.Abs(packets-tt.want) > tt.want/50 || math.Abs(bytes/packets-100) > 1 {
			t.Errorf("%+v: %g packets, %g bytes, want %g packets of 100 bytes", tt.amount, packets, bytes, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	http, _ := part(flow.HTTP, 30, 0.5)
	dns, _ := part(flow.DNS, 10, 0)
	if _, err := saved.New(http, dns); err == nil || !strings.Contains(err.Error(), "DNS has a weight of 0") {
		t.Errorf("%v", err)
	}
	if _, err := saved.New(); err == nil {
		t.Error("no part, and no error")
	}
	http.Weight = 0
	one, err := saved.New(http)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []saved.Amount{{}, {Flows: -1}, {Packets: -1}, {Flows: 1, Duration: -1}, {Flows: 1, RateFactor: -1}, {Flows: 1, RateFactor: math.NaN()}} {
		n := 0
		for f, err := range one.Flows(t.Context(), a) {
			if n++; n > 1 || f != nil || err == nil || !strings.HasPrefix(err.Error(), "saved: ") {
				t.Errorf("%+v: %v, %v, want an error and no flow", a, f, err)
			}
		}
	}
}

// finishedRun makes the folder of a run that has finished: a bootstrap of a few
// flows, which has learnt an aggregate level beside.
func finishedRun(t *testing.T) *run.Manifest {
	t.Helper()
	flows := gentest.Flows(40, rand.NewPCG(1, 1))
	learned := gentest.Learn(t, nil, "bootstrap", generator.DefaultSettings(), flows)
	level, err := aggregate.Fit(t.Context(), aggregate.Summary, flows, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(learned.Dir, filepath.FromSlash(aggregate.Name))
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	plan, err := address.Fit(flows, address.FitOptions{})
	if err == nil {
		err = atomicfile.Write(filepath.Join(learned.Dir, filepath.FromSlash(saved.PlanName)), plan.Write)
	}
	if err := errors.Join(err, level.Save(folder)); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Generator = "bootstrap"
	r, err := run.Start(t.TempDir(), run.Spec{Experiment: "x", Config: c}, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(takeOver(r, learned.Dir), nil); err != nil {
		t.Fatal(err)
	}
	m, err := run.Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// takeOver copies all files of a folder into a run.
func takeOver(r *run.Run, dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return r.WriteFile(filepath.ToSlash(name), func(w io.Writer) error {
			text, err := os.ReadFile(path)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		})
	})
}

func TestOpen(t *testing.T) {
	m := finishedRun(t)
	s, err := saved.Open(t.Context(), []*run.Manifest{m, m}, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	framer, err := s.Framer(tcp.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range framer.Frames(s.Flows(t.Context(), saved.Amount{Flows: 10})) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n < 10 {
		t.Errorf("%d frames of 10 flows", n)
	}
	level, start, err := saved.OpenAggregate(m)
	if err != nil || start != s.Parts[0].Traffic.Start {
		t.Fatalf("start %d, %v", start, err)
	}
	rows := 0
	for row, err := range saved.AggregateRows(level.Draw(t.Context(), generator.Request{Flows: 20, Seed: 1, Start: start})) {
		if err != nil || len(row) != len(saved.AggregateColumns()) || row[0] < 1 || row[1] < 0 || rows == 0 && (row[1] != 0 || row[2] != 0) {
			t.Errorf("row %d: %v, %v", rows, row, err)
		}
		rows++
	}
	if rows != 20 {
		t.Errorf("%d rows, want 20", rows)
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name   string
		damage func(m *run.Manifest) error
		want   string
	}{
		{"no model", func(m *run.Manifest) error { return os.Remove(m.Path("model/bootstrap.json")) }, "bootstrap.json"},
		{"no plan", func(m *run.Manifest) error { return os.Remove(m.Path(saved.PlanName)) }, "plan.json"},
		{"no traffic", func(m *run.Manifest) error { return os.Remove(m.Path(generator.TrafficName)) }, "traffic.json"},
		{"altered", func(m *run.Manifest) error { return alter(m.Path(saved.PlanName)) }, "plan.json has another digest than the manifest"},
		{"altered model", func(m *run.Manifest) error { return alter(m.Path("model/bootstrap.json")) }, "bootstrap.json has another digest than the manifest"},
		{"cut", func(m *run.Manifest) error { return os.WriteFile(m.Path(generator.TrafficName), []byte("{"), 0o666) }, "traffic.json has 1 bytes"},
		{"not finished", func(m *run.Manifest) error { m.Status = run.Interrupted; return nil }, "its status is interrupted: want a finished run"},
		{"another generator", func(m *run.Manifest) error { m.Config.Generator = "gone"; return nil }, `unknown kind "gone"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := finishedRun(t)
			if err := tt.damage(m); err != nil {
				t.Fatal(err)
			}
			_, err := saved.Open(t.Context(), []*run.Manifest{m}, "", io.Discard)
			if err == nil || !strings.HasPrefix(err.Error(), "saved: "+m.Dir+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// alter changes one byte of a file and neither its size nor its time.
func alter(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	if err := os.Remove(path); err != nil { // it may have other names
		return err
	}
	return errors.Join(os.WriteFile(path, text, 0o666), os.Chtimes(path, info.ModTime(), info.ModTime()))
}

func TestOpenAggregateRefuses(t *testing.T) {
	m := finishedRun(t)
	if err := alter(m.Path(aggregate.Name + "chain.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := saved.OpenAggregate(m); err == nil || !strings.Contains(err.Error(), "chain.json has another digest than the manifest") {
		t.Errorf("%v", err)
	}
	m.Artifacts = slices.DeleteFunc(m.Artifacts, func(a run.Artifact) bool { return strings.HasPrefix(a.Name, aggregate.Name) })
	if err := os.RemoveAll(m.Path(aggregate.Name)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := saved.OpenAggregate(m); err == nil || !strings.Contains(err.Error(), "its generator, bootstrap, has no aggregate level") {
		t.Errorf("%v", err)
	}
	m.Status = run.Failed
	if _, _, err := saved.OpenAggregate(m); err == nil || !strings.Contains(err.Error(), "its status is failed: want a finished run") {
		t.Errorf("%v", err)
	}
}
