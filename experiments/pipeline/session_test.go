package pipeline

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// session opens a session that counts how often data are digested.
func session(t *testing.T, dir string) (s *Session, digests *int) {
	t.Helper()
	digests = new(int)
	s = NewSession(Options{Store: store.Open(filepath.Join(dir, ".cache"), nil), Out: io.Discard,
		Progress: func(r io.Reader, _ int64) io.Reader { *digests++; return r }})
	t.Cleanup(s.Close)
	return s, digests
}

// Experiments of a session, prepared at once or one after the other, are those that are
// prepared alone; their data are digested once, and one device serves all.
func TestSession(t *testing.T) {
	dir := t.TempDir()
	path := capture(t, 60)
	s, digests := session(t, dir)
	var experiments []config.Experiment
	for _, overrides := range [][]string{{"generator=markov"}, {"seed=2"}, {"lstm.units=8"}, {"generator=markov", "seed=3"}} {
		e, err := config.Default().Override(append(overrides, "data.path="+path, "backend=go")...)
		if err != nil {
			t.Fatal(err)
		}
		experiments = append(experiments, e)
	}
	together := make([]*Prepared, len(experiments))
	var wait sync.WaitGroup
	for i, e := range experiments {
		wait.Go(func() {
			var err error
			if together[i], err = s.Prepare(t.Context(), "test", nil, e); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if *digests != 1 {
		t.Errorf("the data were digested %d times", *digests)
	}
	for i, e := range experiments {
		if alone := prepare(t, t.TempDir(), e); alone.Spec.ID() != together[i].Spec.ID() {
			t.Errorf("experiment %d: %s alone, %s in a session", i, alone.Spec.ID(), together[i].Spec.ID())
		}
	}
	if len(s.devices) != 1 || together[0].Spec.Backend.Name != "" || together[1].Spec.Backend.Name != "go" {
		t.Errorf("%d devices, %+v, %+v", len(s.devices), together[0].Spec.Backend, together[1].Spec.Backend)
	}
	together[1].Close() // the device is the session's
	if d := s.devices["go"]; d == nil || d.Backend.IsFinalized() {
		t.Error("the device is closed")
	}
}

// Data that change while a session lasts are refused: they would be stored under the digest
// of what they were.
func TestSessionDataChange(t *testing.T) {
	dir := t.TempDir()
	path := capture(t, 60)
	s, _ := session(t, dir)
	e, err := config.Default().Override("generator=markov", "data.path="+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prepare(t.Context(), "test", nil, e); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	p, err := s.Prepare(t.Context(), "test", nil, e)
	if err == nil {
		_, err = p.Run(t.Context(), dir, run.Options{})
	}
	if err == nil || !strings.Contains(err.Error(), "has changed since it was digested") {
		t.Errorf("%v", err)
	}
}

// Some stages are made without a run that stays, and a run finds them.
func TestMake(t *testing.T) {
	dir := t.TempDir()
	e, err := config.Default().Override("generator=markov", "data.path="+capture(t, 120), "evaluate.trees=2")
	if err != nil {
		t.Fatal(err)
	}
	p := prepare(t, dir, e)
	part := filepath.Join(dir, ".part")
	if err := p.Make(t.Context(), part, []string{"read", "hosts"}, run.Options{}); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(part, "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := p.Make(t.Context(), part, []string{"hosts"}, run.Options{}); err == nil || !strings.Contains(err.Error(), "executor: some stages only: stage hosts: depends on training.parquet") {
		t.Errorf("%v", err)
	}
	if err := p.Make(t.Context(), part, []string{"reed"}, run.Options{}); err == nil || !strings.Contains(err.Error(), `no stage "reed": want one of [read `) {
		t.Errorf("%v", err)
	}
	reused := map[string]bool{}
	for _, st := range finished(t, dir, e).Stages {
		reused[st.Name] = st.Reused
	}
	if !reused["read"] || !reused["hosts"] || reused["markov"] {
		t.Errorf("%v", reused)
	}
}
