package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// finished makes a finished run of a few files below dir.
func finished(t testing.TB, dir string) *run.Manifest {
	t.Helper()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	spec := run.Spec{Experiment: "tiny", Config: config.Default(), Keys: []string{"read"}, Inputs: []run.Input{{Name: "data", Path: "office/a.pcap", Bytes: 3, SHA256: "abc"}}}
	r, err := run.Start(dir, spec, run.Options{Now: func() time.Time { return now }, Annotation: run.Annotation{Name: "office", Tags: []string{"x"}, Note: "theirs"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"traffic.json": "{}", "training.parquet": "packets", "model/vae/weights": strings.Repeat("w", 5000), "report.html": "<html>"} {
		if err := r.WriteFile(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Finish(nil, nil); err != nil {
		t.Fatal(err)
	}
	m, err := run.Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func exported(t testing.TB, m *run.Manifest) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := archive.Export(t.Context(), &file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func imported(t testing.TB, file []byte, dir string) (*run.Manifest, bool, error) {
	t.Helper()
	m, fresh, err := archive.Import(t.Context(), bytes.NewReader(file), "a.tar.zst", dir, run.Annotation{}, nil)
	if left, other := run.Leftovers(dir); len(left) > 0 || other != nil {
		t.Errorf("left behind: %v, %v", left, other)
	}
	return m, fresh, err
}

// A run that was exported and imported is the same run, and its archive the same bytes.
func TestRoundTrip(t *testing.T) {
	first := finished(t, t.TempDir())
	file := exported(t, first)
	dir := t.TempDir()
	m, fresh, err := imported(t, file, dir)
	if err != nil || !fresh {
		t.Fatal(m, fresh, err)
	}
	if err := run.Verify(m.Dir); err != nil {
		t.Error(err)
	}
	if last, err := run.LatestRun(dir, "tiny"); err != nil || last.ID != m.ID {
		t.Errorf("latest: %+v, %v", last, err)
	}
	if !bytes.Equal(exported(t, m), file) {
		t.Error("the archive of the imported run has other bytes")
	}
	there := *m
	if there.Dir = first.Dir; !reflect.DeepEqual(&there, first) {
		t.Errorf("%+v, want %+v", &there, first)
	}
	if again, fresh, err := imported(t, file, dir); err != nil || fresh || again.Dir != m.Dir {
		t.Errorf("imported twice: %+v, %v, %v", again, fresh, err)
	}
}

// tar and zstd read what Export writes.
func TestOtherTools(t *testing.T) {
	for _, tool := range []string{"tar", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	m := finished(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "a.tar.zst")
	if err := os.WriteFile(path, exported(t, m), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("zstd", "-t", path).CombinedOutput(); err != nil {
		t.Errorf("zstd: %v: %s", err, out)
	}
	out, err := exec.Command("tar", "--zstd", "-tf", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	prefix := "tiny/" + m.ID + "/"
	want := []string{prefix + "manifest.json", prefix + "log.txt"}
	for _, a := range m.Artifacts {
		want = append(want, prefix+a.Name)
	}
	if got := strings.Fields(string(out)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if out, err := exec.Command("tar", "--zstd", "-xf", path, "-C", t.TempDir()).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("tar: %v: %s", err, out)
	}
}

// A file that is not what the manifest says, or a run that has not finished, is not
// exported.
func TestExportRefuses(t *testing.T) {
	m := finished(t, t.TempDir())
	path := m.Path("model/vae/weights")
	for _, tt := range []struct {
		name, want string
		change     func() error
	}{
		{"changed", "model/vae/weights is not what the manifest says: run the experiment again, which puts back what it has made", func() error { return os.WriteFile(path, []byte(strings.Repeat("v", 5000)), 0o666) }},
		{"shorter", "model/vae/weights is not what the manifest says: run the experiment again, which puts back what it has made", func() error { return os.Truncate(path, 3) }},
		{"gone", "open " + path + ": no such file or directory", func() error { return os.Remove(path) }},
	} {
		if err := tt.change(); err != nil {
			t.Fatal(err)
		}
		if err := archive.Export(t.Context(), io.Discard, m); err == nil || err.Error() != "archive: "+m.Dir+": "+tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	m.Status = run.Failed
	if err := archive.Export(t.Context(), io.Discard, m); err == nil || err.Error() != "archive: "+m.Dir+" is failed: want a finished run" {
		t.Errorf("%v", err)
	}
}

// failing takes so many bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A disk that is full is said once, wherever the archive ends.
func TestFullDisk(t *testing.T) {
	m := finished(t, t.TempDir())
	size := len(exported(t, m))
	for _, left := range []int{0, size / 2, size - 1} {
		if err := archive.Export(t.Context(), &failing{left}, m); err == nil || err.Error() != "archive: "+m.Dir+": no space left on device" {
			t.Errorf("%d bytes: %v", left, err)
		}
	}
}

// What is interrupted leaves nothing.
func TestInterrupted(t *testing.T) {
	m := finished(t, t.TempDir())
	file := exported(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := archive.Export(ctx, io.Discard, m); !errors.Is(err, context.Canceled) {
		t.Errorf("export: %v", err)
	}
	dir := t.TempDir()
	if _, _, err := archive.Import(ctx, bytes.NewReader(file), "a", dir, run.Annotation{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("import: %v", err)
	}
	if children, err := os.ReadDir(dir); err != nil || len(children) > 0 {
		t.Errorf("%v, %v", children, err)
	}
}

// A name that is taken is an error that leaves nothing.
func TestNameTaken(t *testing.T) {
	file := exported(t, finished(t, t.TempDir()))
	dir := t.TempDir()
	taken := errors.New("taken")
	check := func(a run.Annotation, at string) error {
		if a.Name != "office" || !strings.HasPrefix(at, filepath.Join(dir, "tiny")) {
			t.Errorf("%+v at %s", a, at)
		}
		return taken
	}
	if _, _, err := archive.Import(t.Context(), bytes.NewReader(file), "a", dir, run.Annotation{}, check); !errors.Is(err, taken) {
		t.Errorf("%v", err)
	}
	if children, err := os.ReadDir(dir); err != nil || len(children) > 0 {
		t.Errorf("%v, %v", children, err)
	}
	m, _, err := archive.Import(t.Context(), bytes.NewReader(file), "a", dir, run.Annotation{Name: "their-office", Tags: []string{"y"}}, nil)
	if err != nil || m.Name != "their-office" || fmt.Sprint(m.Tags) != "[x y]" || m.Note != "theirs" {
		t.Errorf("%+v, %v", m, err)
	}
}
