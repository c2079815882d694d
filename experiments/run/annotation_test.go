package run_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

func TestAnnotationWith(t *testing.T) {
	a := run.Annotation{Name: "old", Tags: []string{"b"}, Note: "first"}
	if got := a.With(run.Annotation{}); !reflect.DeepEqual(got, a) {
		t.Errorf("with nothing more: %+v", got)
	}
	want := run.Annotation{Name: "new", Tags: []string{"a", "b"}, Note: "first"}
	if got := a.With(run.Annotation{Name: "new", Tags: []string{"b", "a"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAnnotationCheck(t *testing.T) {
	tests := []struct {
		a    run.Annotation
		want string // part of the error; "": none
	}{
		{run.Annotation{}, ""},
		{run.Annotation{Name: "office-tls", Tags: []string{"v1.2", "A_b"}, Note: "any text / at all"}, ""},
		{run.Annotation{Name: "a/b"}, `run: name or tag "a/b": want at most 64 letters`},
		{run.Annotation{Name: ".."}, `".."`},
		{run.Annotation{Name: "-x"}, `"-x"`},
		{run.Annotation{Name: "büro"}, `"büro"`},
		{run.Annotation{Name: strings.Repeat("a", 65)}, "at most 64"},
		{run.Annotation{Name: "latest"}, "the link to the run that finished last"},
		{run.Annotation{Tags: []string{"good", "not good"}}, `"not good"`},
	}
	for _, tt := range tests {
		err := tt.a.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.a, err, tt.want)
		}
	}
}

// A name finds its run wherever a run is named, stays when the run is made again, and
// is nobody else's.
func TestName(t *testing.T) {
	dir, ids := finished(t)
	first := filepath.Join(dir, "tiny", ids[0])
	m, err := run.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	named := run.Annotation{Name: "office", Tags: []string{"x"}, Note: "before the move"}
	if err := m.Annotate(named); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(filepath.Join(first, "manifest.json"))
	if err = errors.Join(err, m.Annotate(named)); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(filepath.Join(first, "manifest.json")); err != nil || !os.SameFile(before, after) {
		t.Errorf("called so already, and written again: %v", err)
	}
	if m, err := run.Find(dir, "office"); err != nil || m.ID != ids[0] || m.Ref() != "office" {
		t.Errorf("Find: %v, %v", m, err)
	}
	if err := run.Verify(first); err != nil {
		t.Errorf("after it was named: %v", err)
	}
	for name, want := range map[string]string{"tiny": "an experiment is called so", "office": first + " is called so", "other": ""} {
		err := run.CheckName(dir, name, filepath.Join(dir, "tiny", ids[1]))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CheckName(%s): %v, want %q", name, err, want)
		}
	}
	if err := run.CheckName(dir, "office", first); err != nil {
		t.Errorf("its own name: %v", err)
	}

	r := start(t, dir, spec(1), nil)
	if err := m.Annotate(run.Annotation{Name: "home"}); !errors.Is(err, run.ErrLocked) {
		t.Errorf("a run under way: %v", err)
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	if m, err = run.Open(first); err != nil || !reflect.DeepEqual(m.Annotation, named) {
		t.Errorf("made again: %+v, %v", m, err)
	}

	other, err := run.Open(filepath.Join(dir, "tiny", ids[1]))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Annotate(named); err == nil || !strings.Contains(err.Error(), first+" is called so") {
		t.Errorf("a second run of one name: %v", err)
	}
	rename(t, other.Dir, "office")
	if _, err := run.Find(dir, "office"); err == nil || !strings.Contains(err.Error(), "2 runs are called office: ") {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := run.Find(dir, "nobody"); err == nil || !strings.Contains(err.Error(), "no finished run of nobody") {
		t.Errorf("an unknown name: %v", err)
	}
}

// rename writes a name into a manifest, as somebody may who copies a run folder.
func rename(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, "manifest.json")
	text, err := os.ReadFile(path)
	if err == nil {
		text = []byte(strings.Replace(string(text), `"id": `, `"name": "`+name+`", "id": `, 1))
		err = os.WriteFile(path, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Of many that give one name at once, one does.
func TestNameOfOneOnly(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	var named atomic.Int32
	for seed := range uint64(12) {
		wait.Go(func() {
			r, err := run.Start(dir, spec(seed), run.Options{Now: clock(), Annotation: run.Annotation{Name: "office"}})
			switch {
			case err == nil:
				named.Add(1)
				err = r.Finish(nil, nil)
			case strings.Contains(err.Error(), " is called so: want another name"):
				err = nil
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	runs, broken, err := run.List(dir)
	if named.Load() != 1 || len(runs) != 1 || len(broken) != 0 || err != nil {
		t.Errorf("%d were named; %d runs, %v, %v", named.Load(), len(runs), broken, err)
	}
}

func TestList(t *testing.T) {
	dir, ids := finished(t)
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "tiny", "zzz"), 0o777), os.MkdirAll(filepath.Join(dir, ".cache", "x"), 0o777)); err != nil {
		t.Fatal(err)
	}
	runs, broken, err := run.List(dir)
	if err != nil || len(runs) != 2 || len(broken) != 1 || broken[0].Dir != filepath.Join(dir, "tiny", "zzz") {
		t.Fatalf("%v, %v, %v", runs, broken, err)
	}
	for i, m := range runs {
		if m.State() != run.Finished || m.Ref() != "tiny/"+m.ID || !strings.Contains(strings.Join(ids, " "), m.ID) {
			t.Errorf("run %d: %s, %s", i, m.State(), m.Ref())
		}
	}
	runs, broken, err = run.List(filepath.Join(dir, "nowhere"))
	if len(runs)+len(broken) != 0 || err != nil {
		t.Errorf("no folder: %v, %v, %v", runs, broken, err)
	}
}

// A run is running as long as a process writes it; a manifest that says so beside no
// process is that of a run that was killed.
func TestState(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, spec(1), nil)
	m, err := run.Open(r.Dir())
	if err != nil || m.State() != run.Running {
		t.Errorf("under way: %s, %v", m.State(), err)
	}
	if err := run.Remove(r.Dir()); !errors.Is(err, run.ErrLocked) {
		t.Errorf("removing it: %v", err)
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	if m.State() != run.Interrupted {
		t.Errorf("the old manifest without a process: %s", m.State())
	}
}

// The link latest never points to a run that is gone.
func TestRemove(t *testing.T) {
	dir, ids := finished(t)
	if err := run.Remove(filepath.Join(dir, "tiny", ids[1])); err != nil {
		t.Fatal(err)
	}
	if m, err := run.LatestRun(dir, "tiny"); err != nil || m.ID != ids[0] {
		t.Errorf("latest: %v, %v", m, err)
	}
	if err := run.Remove(filepath.Join(dir, "tiny", ids[0])); err != nil {
		t.Fatal(err)
	}
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if err := run.Remove(filepath.Join(dir, "tiny", ids[0])); err == nil {
		t.Error("a run that is gone was removed")
	}
}
