package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// A capture that others made is either learnt, or one line says why it cannot be,
// and so does the run that is left.
func TestTracesAreLearntOrRefused(t *testing.T) {
	dir, err := filepath.Abs("../../shared/traces")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no captures: there is no folder ../shared/traces beside the repository")
	}
	toml, err := filepath.Abs("../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	captures, err := filepath.Glob(filepath.Join(dir, "*.pcap*"))
	if err != nil || len(captures) < 20 {
		t.Fatalf("%d captures, %v", len(captures), err)
	}
	learnt := 0
	for _, capture := range captures {
		for _, application := range []string{"HTTP", "SMTP", "DNS", "SNMP"} {
			t.Run(filepath.Base(capture)+"/"+application, func(t *testing.T) {
				t.Chdir(t.TempDir())
				var out, err bytes.Buffer
				code := experiments(t.Context(), strings.NewReader(""), &out, &err, []string{"run", "capture", "--file", toml,
					"generator=markov", "backend=go", "evaluate.trees=10", "evaluate.floors=2", "data.path=" + capture, "data.application=" + application})
				switch code {
				case 0:
					learnt++
					if !strings.Contains(out.String(), "\nrun: runs/capture/") {
						t.Errorf("out: %s", out.String())
					}
				case 1:
					line := lastLine(err.String())
					if !strings.HasPrefix(line, "error: ") || !strings.Contains(line, filepath.Base(capture)) {
						t.Errorf("err: %s", err.String())
					}
					failedRun(t, strings.TrimPrefix(line, "error: "))
				default:
					t.Errorf("code %d, err: %s", code, err.String())
				}
			})
		}
	}
	if learnt == 0 {
		t.Error("none was learnt; fuzz-2006-06-26-2594.pcap has 163 exchanges of DNS")
	}
}

// failedRun checks what a run that has failed leaves: nothing where its data could
// not be opened, else its folder with the reason.
func failedRun(t *testing.T, reason string) {
	t.Helper()
	ids, err := run.IDs("runs", "capture")
	if err != nil || len(ids) > 1 {
		t.Errorf("%d runs, %v", len(ids), err)
	}
	for _, id := range ids {
		m, err := run.Open(filepath.Join("runs", "capture", id))
		if err != nil || m.Status != run.Failed || m.Error != reason {
			t.Errorf("%v, %+v, want that it failed by %q", err, m, reason)
		}
	}
	if _, err := run.LatestRun("runs", "capture"); err == nil {
		t.Error("the latest run is one that failed")
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
