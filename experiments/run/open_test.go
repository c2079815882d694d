package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/necstgen/necstgen/experiments/run"
)

// finished is a folder of runs with two of experiment tiny.
func finished(t *testing.T) (dir string, ids []string) {
	t.Helper()
	dir = t.TempDir()
	for seed := range uint64(2) {
		r := start(t, dir, spec(seed+1), nil)
		if err := r.Finish(write(r, "read", "model/a.txt", "hello")); err != nil {
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
		{"another schema", `{"schema":99}`, "manifest.json: schema 99: this program reads 1"},
		{"a bad setting", `{"schema":1,"config":{"generator":"x"}}`, "want one of sampled"},
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

// files reads a run folder into memory.
func files(t *testing.T, dir string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, name := range tree(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	return fsys
}

func TestVerify(t *testing.T) {
	dir, ids := finished(t)
	whole := files(t, filepath.Join(dir, "tiny", ids[0]))
	edit := func(from, to string) func(fstest.MapFS) {
		return func(fsys fstest.MapFS) {
			data := bytes.Replace(whole["manifest.json"].Data, []byte(from), []byte(to), 1)
			fsys["manifest.json"] = &fstest.MapFile{Data: data}
		}
	}
	tests := []struct {
		name   string
		damage func(fstest.MapFS)
		want   string
	}{
		{"whole", func(fstest.MapFS) {}, ""},
		{"missing", func(f fstest.MapFS) { delete(f, "model/a.txt") }, "run: model/a.txt is missing"},
		{"longer", func(f fstest.MapFS) { f["model/a.txt"] = &fstest.MapFile{Data: []byte("hello!")} }, "run: model/a.txt has 6 bytes, the manifest says 5"},
		{"changed", func(f fstest.MapFS) { f["model/a.txt"] = &fstest.MapFile{Data: []byte("hallo")} }, "run: model/a.txt has another digest than the manifest"},
		{"added", func(f fstest.MapFS) { f["x"] = &fstest.MapFile{} }, "run: x is not in the manifest"},
		{"two problems", func(f fstest.MapFS) { delete(f, "model/a.txt"); delete(f, "metrics.jsonl") }, "run: metrics.jsonl is missing\nrun: model/a.txt is missing"},
		{"no manifest", func(f fstest.MapFS) { delete(f, "manifest.json") }, "run: no manifest.json: this is no run folder: file does not exist"},
		{"unfinished", edit(`"status": "finished"`, `"status": "running"`), "run: status is running"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := maps.Clone(whole)
			tt.damage(fsys)
			err := run.Verify(fsys)
			if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestReplace(t *testing.T) {
	dir, _ := finished(t)
	m, err := run.LatestRun(dir, "tiny")
	if err != nil {
		t.Fatal(err)
	}
	text := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	if err := errors.Join(m.Replace("model/a.txt", text("other")), m.Replace("report.html", text("new"))); err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(m.FS()); err != nil {
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

// Outside a checkout there is nothing to say; inside one the commit and the digest
// of go.sum.
func TestReadSource(t *testing.T) {
	if s := run.ReadSource(t.Context(), t.TempDir()); s.Commit != "" || s.GoSum != "" || s.Go == "" {
		t.Errorf("%+v", s)
	}
	s := run.ReadSource(t.Context(), ".")
	if len(s.GoSum) != 64 {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s := run.ReadSource(ctx, "."); s.Commit != "" {
		t.Errorf("git ran on after the end: %+v", s)
	}
	data, err := json.Marshal(s)
	if err != nil || !bytes.Contains(data, []byte(`"go_sum"`)) {
		t.Errorf("%s, %v", data, err)
	}
}
