package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// quick runs the command in a folder of its own, with a pipeline of one artifact
// that then returns what end does.
func quick(t *testing.T, ctx context.Context, end func() error, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := &command{in: strings.NewReader(""), out: &stdout, err: &stderr}
	c.pipeline = func(_ context.Context, r *run.Run, _ *run.Terminal) error {
		r.SetBackend(run.Backend{Name: "go", Reason: "a test"})
		write := func() error {
			return r.WriteFile("a.txt", func(w io.Writer) error { _, err := io.WriteString(w, "a"); return err })
		}
		return errors.Join(r.Stage("read", []string{"data"}, write), end())
	}
	root := c.root()
	root.SetArgs(args)
	code = c.exit(ctx, root.ExecuteContext(ctx))
	return code, stdout.String(), stderr.String()
}

// folder is a fresh working directory with a capture and one experiment.
func folder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	files := map[string]string{"a.pcap": "any bytes", "experiments.toml": "[experiment.a]\nabout = \"a\"\ndata.path = \"a.pcap\"\n"}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func nothing() error { return nil }

func TestInterrupted(t *testing.T) {
	folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	code, out, stderr := quick(t, ctx, func() error { cancel(); return errors.New("the backend was closed") }, "run", "a")
	if code != 3 || strings.Contains(out, "run: ") || stderr != "interrupted: run the same command again\n" {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	partial, err := filepath.Glob("runs/a/*.partial/a.txt")
	if len(partial) != 1 || err != nil {
		t.Errorf("the finished stage is lost: %v, %v", partial, err)
	}
	code, out, stderr = quick(t, t.Context(), nothing, "run", "a")
	if code != 0 || stderr != "" {
		t.Errorf("code %d\nerr: %s", code, stderr)
	}
	m, err := run.LatestRun("runs", "a")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out, "\nrun: runs/a/"+m.ID+"\n") {
		t.Errorf("out: %s", out)
	}
	if left, _ := filepath.Glob("runs/a/*.partial"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFailedRunLeavesNothing(t *testing.T) {
	folder(t)
	code, out, stderr := quick(t, t.Context(), func() error { return errors.New("read: a.pcap: packet 7: cut") }, "run", "a")
	if code != 1 || strings.Contains(out, "run: ") || stderr != "error: read: a.pcap: packet 7: cut\n" {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	if _, err := os.Stat("runs"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("runs: %v", err)
	}
}

func TestUnwritableRuns(t *testing.T) {
	folder(t)
	code, _, stderr := quick(t, t.Context(), nothing, "run", "a", "--runs", "a.pcap")
	if code != 1 || !strings.Contains(stderr, "a.pcap") || !strings.Contains(stderr, "--runs") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, err: %s", code, stderr)
	}
}

func TestOverridesAndFlags(t *testing.T) {
	folder(t)
	tests := []struct {
		name string
		args []string
		want string // above the stages
	}{
		{"none", nil, ""},
		{"assignment", []string{"lstm.units=7"}, "lstm.units = 7 (was 96)\n"},
		{"same value", []string{"lstm.units=96"}, ""},
		{"seed", []string{"--seed", "5"}, "seed = 5 (was 1)\n"},
		{"flag over assignment", []string{"seed=4", "--seed", "5"}, "seed = 5 (was 1)\n"},
		{"backend", []string{"--backend=go"}, "backend = go (was auto)\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, stderr := quick(t, t.Context(), nothing, append([]string{"run", "a"}, tt.args...)...)
			head, _, ok := strings.Cut(out, "backend             go  a test\n")
			if code != 0 || !ok || head != tt.want {
				t.Errorf("code %d\nout: %s\nerr: %s\nwant %s", code, out, stderr, tt.want)
			}
		})
	}
}

func TestQuiet(t *testing.T) {
	folder(t)
	_, out, stderr := quick(t, t.Context(), nothing, "run", "a", "--quiet", "seed=3")
	if strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "run: runs/a/") || stderr != "" {
		t.Errorf("out: %s\nerr: %s", out, stderr)
	}
}

func TestRunJSON(t *testing.T) {
	folder(t)
	_, out, _ := quick(t, t.Context(), nothing, "run", "a", "--json")
	if !strings.HasPrefix(out, "{\n  \"run\": \"runs/a/") || !strings.Contains(out, `"status": "finished"`) {
		t.Errorf("out: %s", out)
	}
}
