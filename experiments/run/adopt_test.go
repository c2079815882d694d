package run_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// staged puts a finished run into a folder of its own, and returns it.
func staged(t *testing.T, dir string, seed uint64) (*run.Scratch, string) {
	t.Helper()
	scratch, err := run.ImportScratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, scratch.Dir, spec(seed), nil)
	if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"a.txt": "1"}), false), r.Finish(nil, nil)); err != nil {
		t.Fatal(err)
	}
	return scratch, r.Dir()
}

func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	scratch, from := staged(t, dir, 1)
	m, fresh, err := run.Adopt(dir, from, run.Annotation{Name: "office"}, nil)
	if err != nil || !fresh || m.Name != "office" || m.Dir != filepath.Join(dir, "tiny", m.ID) {
		t.Fatalf("%+v, %v, %v", m, fresh, err)
	}
	if err := errors.Join(run.Verify(m.Dir), scratch.Remove()); err != nil {
		t.Error(err)
	}
	if last, err := run.LatestRun(dir, "tiny"); err != nil || last.ID != m.ID {
		t.Errorf("latest: %+v, %v", last, err)
	}

	scratch, from = staged(t, dir, 1)
	again, fresh, err := run.Adopt(dir, from, run.Annotation{Name: "other"}, nil)
	if err != nil || fresh || again.Dir != m.Dir || again.Name != "office" {
		t.Errorf("the same again: %+v, %v, %v", again, fresh, err)
	}
	if err := os.WriteFile(m.Path("a.txt"), []byte("2"), 0o666); err != nil {
		if err = os.Remove(m.Path("a.txt")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := run.Adopt(dir, from, run.Annotation{}, nil); err == nil || !strings.HasSuffix(err.Error(), m.Dir+" is there, and has other results: want it removed first, or another folder with --runs") {
		t.Errorf("a run that was changed: %v", err)
	}
	if err := scratch.Remove(); err != nil {
		t.Error(err)
	}

	scratch, from = staged(t, dir, 2)
	if _, _, err := run.Adopt(dir, from, run.Annotation{Name: "office"}, nil); err == nil || !strings.Contains(err.Error(), " is called so: want another name") {
		t.Errorf("a name that is taken: %v", err)
	}
	if ids, err := run.IDs(dir, "tiny"); err != nil || len(ids) != 1 {
		t.Errorf("%v, %v: want the first run alone", ids, err)
	}
	if err := scratch.Remove(); err != nil {
		t.Error(err)
	}
}

// A manifest that somebody else wrote decides where a run comes to lie.
func TestAdoptRefuses(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{`"experiment": "tiny"`, `"experiment": "../tiny"`, `experiment "../tiny": want letters`},
		{`"experiment": "tiny"`, `"experiment": ""`, `experiment "": want letters`},
		{`"experiment": "tiny"`, `"experiment": ".cache"`, `experiment ".cache": want letters`},
		{`"id": "`, `"id": "/`, `: want 12 hexadecimal digits`},
		{`"status": "finished"`, `"status": "running"`, `status "running": want a finished run`},
		{`"schema": `, `"schema": 9`, `schema 9`},
	} {
		dir := t.TempDir()
		_, from := staged(t, dir, 1)
		path := filepath.Join(from, run.ManifestName)
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Replace(string(text), tt.old, tt.new, 1)), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := run.Adopt(dir, from, run.Annotation{}, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.new, err, tt.want)
		}
		if runs, broken, err := run.List(dir); len(runs)+len(broken) != 0 || err != nil {
			t.Errorf("%s: %v, %v, %v", tt.new, runs, broken, err)
		}
	}
}

// Folders that commands have left are found, and those that they work in are not.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	killed, err := run.ImportScratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := run.RerunScratch(dir, "0123456789ab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.RerunScratch(dir, "0123456789ab"); !errors.Is(err, run.ErrLocked) {
		t.Errorf("run again twice at once: %v", err)
	}
	hidden := filepath.Join(dir, "tiny", ".0123456789ab")
	for _, folder := range []string{hidden, filepath.Join(dir, ".cache", "vae"), filepath.Join(dir, "tiny", "0123456789ab"), filepath.Join(dir, "tiny", ".other")} {
		if err := errors.Join(os.MkdirAll(folder, 0o777), os.WriteFile(filepath.Join(folder, "x"), []byte("123"), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want := []run.Leftover{{Dir: hidden, Bytes: 3}}
	if left, err := run.Leftovers(dir); err != nil || !slices.Equal(left, want) {
		t.Errorf("%v, %v, want %v", left, err, want)
	}
	if err := errors.Join(killed.Close(), again.Close()); err != nil {
		t.Fatal(err)
	}
	want = []run.Leftover{{Dir: killed.Dir}, {Dir: again.Dir}, {Dir: hidden, Bytes: 3}}
	if removed, err := run.RemoveLeftovers(dir); err != nil || !slices.Equal(removed, want) {
		t.Errorf("%v, %v, want %v", removed, err, want)
	}
	if left, err := run.Leftovers(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tiny", ".other")); err != nil {
		t.Error(err)
	}
	if left, err := run.Leftovers(filepath.Join(dir, "missing")); err != nil || left != nil {
		t.Errorf("%v, %v", left, err)
	}
}
