package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// small mounts a file system of so few bytes, as the options of tmpfs have it.
func small(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A disk without room for what is to be generated is found as soon as the data have
// been read, before any training.
func TestSpentDisk(t *testing.T) {
	dir := small(t, "size=3m")
	p := prepare(t, dir, experiment(t, "data.path="+capture(t, 60), "generator=sampled", "generate.flows=100000"))
	r, err := p.Run(t.Context(), dir, run.Options{})
	if err == nil || !strings.Contains(err.Error(), "MB free: ask for less") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	m, err := run.Open(r.Dir())
	if err != nil || m.Status != run.Failed || len(m.Stages) != 1 || m.Stages[0].Name != "read" {
		t.Errorf("%+v, %v", m, err)
	}
}

// A disk that is full in the middle of a stage ends the run with what it has
// finished, and the run goes on from there when there is room again.
func TestFullDisk(t *testing.T) {
	dir := small(t, "size=2m")
	e := experiment(t, "data.path="+capture(t, 60))
	ballast := filepath.Join(dir, "ballast")
	p := prepare(t, dir, e)
	check := p.Job.Check
	p.Job.Check = func(r *run.Run, stage string) error {
		if stage == "dynamics" { // fill the disk up
			for _, size := range []int{1 << 16, 1 << 12} {
				for err := error(nil); err == nil; {
					err = appendTo(ballast, make([]byte, size))
				}
			}
		}
		return check(r, stage)
	}
	r, err := p.Run(t.Context(), dir, run.Options{})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	m := finished(t, dir, e)
	if m.Dir != r.Dir() {
		t.Errorf("another run: %s, not %s", m.Dir, r.Dir())
	}
	for _, s := range m.Stages {
		if before := s.Name != "generate" && s.Name != "evaluate"; s.Reused != before {
			t.Errorf("stage %s: reused %v", s.Name, s.Reused)
		}
	}
}

func appendTo(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(text)
	return err
}
