package run_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// finished is a folder of runs with two of experiment tiny.
func finished(t *testing.T) (dir string, ids []string) {
	t.Helper()
	dir = t.TempDir()
	for seed := range uint64(2) {
		r := start(t, dir, spec(seed+1), nil)
		if err := errors.Join(r.Enter(entry(t, "read", map[string]string{"model/a.txt": "hello"}), false), r.Finish(nil, nil)); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.Spec.ID())
	}
	return dir, ids
}

func TestFind(t *testing.T) {
	dir, ids := finished(t)
	tests := []struct{ ref, want string }{
		{filepath.Join(dir, "tiny", ids[0]), ids[0]},
		{filepath.Join(dir, "tiny", "latest"), ids[1]},
		{"tiny", ids[1]},
		{"tiny/", ids[1]},
		{"tiny/latest", ids[1]},
		{"tiny/" + ids[0], ids[0]},
		{"tiny/" + ids[0][:3], ids[0]},
		{"tiny/x", "0 runs"},
		{"tiny/", ids[1]},
		{"other", "go run ./experiments run other"},
		{"../tiny", "want a run folder"},
		{"tiny/a/b", "want a run folder"},
	}
	for _, tt := range tests {
		t.Run(tt.ref, func(t *testing.T) {
			m, err := run.Find(dir, tt.ref)
			switch {
			case err != nil && !strings.Contains(err.Error(), tt.want):
				t.Errorf("%v, want %s", err, tt.want)
			case err == nil && m.ID != tt.want:
				t.Errorf("run %s, want %s", m.ID, tt.want)
			}
		})
	}
	got, err := run.IDs(dir, "tiny")
	slices.Sort(ids)
	if !slices.Equal(got, ids) || err != nil {
		t.Errorf("IDs: %v, %v, want %v", got, err, ids)
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct{ name, manifest, want string }{
		{"nothing", "", "no manifest.json: this is no run folder"},
		{"no JSON", "{", "manifest.json: unexpected end"},
		{"another schema", `{"schema":99}`, "manifest.json: schema 99: this program reads 2"},
		{"a bad setting", `{"schema":2,"config":{"backend":"x"}}`, "want one of auto"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.manifest != "" {
				if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(tt.manifest), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := run.Open(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	write := func(name, text string) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			return errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte(text), 0o666))
		}
	}
	remove := func(names ...string) func(string) error {
		return func(dir string) (err error) {
			for _, name := range names {
				err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
			}
			return err
		}
	}
	tests := []struct {
		name   string
		damage func(dir string) error
		want   string
	}{
		{"whole", func(string) error { return nil }, ""},
		{"missing", remove("model/a.txt"), "run: model/a.txt is missing"},
		{"longer", write("model/a.txt", "hello!"), "run: model/a.txt has 6 bytes, the manifest says 5"},
		{"changed", write("model/a.txt", "hallo"), "run: model/a.txt has another digest than the manifest"},
		{"added", write("x", ""), "run: x is not in the manifest"},
		{"two problems", remove("model/a.txt", "metrics.jsonl"), "run: metrics.jsonl is missing\nrun: model/a.txt is missing"},
		{"no manifest", remove("manifest.json"), "no manifest.json: this is no run folder: file does not exist"},
		{"unfinished", func(dir string) error {
			text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			return errors.Join(err, write("manifest.json", strings.Replace(string(text), `"status": "finished"`, `"status": "running"`, 1))(dir))
		}, "run: status is running"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runs, ids := finished(t)
			dir := filepath.Join(runs, "tiny", ids[0])
			if err := tt.damage(dir); err != nil {
				t.Fatal(err)
			}
			err := run.Verify(dir)
			if (err == nil) != (tt.want == "") || err != nil && !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}

// What was changed behind the manifest's back is not read.
func TestCheck(t *testing.T) {
	dir, _ := finished(t)
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check("model/a.txt", "model/", "metrics.jsonl"); err != nil {
		t.Error(err)
	}
	in, err := m.Open("model/a.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if err := m.Check("model/b.txt"); !errors.Is(err, os.ErrNotExist) || m.Has("model/b.txt") || !m.Has("model/a.txt") {
		t.Errorf("%v", err)
	}
	if err := errors.Join(os.Remove(m.Path("model/a.txt")), os.WriteFile(m.Path("model/a.txt"), []byte("hallo"), 0o666)); err != nil {
		t.Fatal(err)
	}
	_, opening := m.Open("model/a.txt")
	for _, err := range []error{m.Check("model/a.txt"), m.Check("model/"), opening} {
		if err == nil || !strings.Contains(err.Error(), "model/a.txt has another digest than the manifest") {
			t.Errorf("%v", err)
		}
	}
}

func TestReplace(t *testing.T) {
	dir, _ := finished(t)
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Replace("model/a.txt", text("other")), m.Replace("report.html", text("new"))); err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(m.Dir); err != nil {
		t.Error(err)
	}
	boom := errors.New("boom")
	for name, err := range map[string]error{
		"outside":  m.Replace("../a", text("")),
		"manifest": m.Replace("manifest.json", text("")),
		"failing":  m.Replace("report.html", func(io.Writer) error { return boom }),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got, err := os.ReadFile(m.Path("report.html")); string(got) != "new" {
		t.Errorf("a failed write left %q, %v", got, err)
	}
	m.Status = run.Interrupted
	if err := m.Replace("report.html", text("")); err == nil {
		t.Error("an unfinished run was changed")
	}
}
