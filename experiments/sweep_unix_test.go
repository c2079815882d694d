//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// Two sweeps at once in two processes share a store, which is pruned beside them: every
// point finishes, and what both need is made by one of them, unless it was pruned.
func TestSweepsAtOnce(t *testing.T) {
	folder(t)
	first, stderr1 := process(t, "sweep", "a", "markov.order=1,2", "seed=1,2", "--jobs", "2", "--quiet")
	second, stderr2 := process(t, "sweep", "a", "markov.order=2,3", "seed=1,2", "--jobs", "2", "--quiet")
	if code1, code2 := exitCode(t, first), exitCode(t, second); code1 != 0 || code2 != 0 || stderr1.Len()+stderr2.Len() > 0 {
		t.Fatalf("codes %d and %d: %s%s", code1, code2, stderr1, stderr2)
	}
	runs, broken, err := run.List("runs")
	if err != nil || len(runs) != 6 || len(broken) > 0 {
		t.Fatalf("%d runs, %v, %v", len(runs), broken, err)
	}
	made := map[string]string{}
	for _, m := range runs {
		if err := run.Verify(m.Dir); err != nil {
			t.Error(err)
		}
		for _, st := range m.Stages {
			if other, twice := made[st.Key]; twice && !st.Reused {
				t.Errorf("%s was made in %s and in %s", st.Name, other, m.Dir)
			}
			if !st.Reused {
				made[st.Key] = m.Dir
			}
		}
	}
	if all, err := filepath.Glob("runs/.cache/read/*"); err != nil || len(all) != 2 {
		t.Errorf("%v of read are stored, %v, want one a seed", all, err)
	}

	third, stderr := process(t, "sweep", "a", "markov.order=1..3", "seed=3,4", "--jobs", "2", "--quiet")
	for deadline := time.Now().Add(time.Minute); sweepFinished(t) < 6 && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if code, out, said := quick(t.Context(), "cache", "prune", "--keep", "0"); code != 0 {
			t.Errorf("prune: code %d: %s%s", code, out, said)
		}
	}
	if code := exitCode(t, third); code != 0 || strings.Contains(stderr.String(), "error") {
		t.Errorf("code %d: %s", code, stderr)
	}
	if n := sweepFinished(t); n != 6 {
		t.Errorf("%d points have finished", n)
	}
}

// sweepFinished counts the finished points of the sweep that was started last.
func sweepFinished(t *testing.T) int {
	t.Helper()
	m, err := sweep.Find("runs", "")
	if err != nil {
		return 0 // not yet
	}
	states, err := m.Status()
	if err != nil {
		t.Fatal(err)
	}
	return countStates(states, run.Finished)
}

// A sweep that is interrupted or killed goes on with the same command.
func TestSweepStopped(t *testing.T) {
	folder(t)
	args := []string{"sweep", "a", "seed=1..4", "--jobs", "2"}
	for _, tt := range []struct {
		signal syscall.Signal
		code   int
		said   string
	}{{syscall.SIGTERM, 3, "interrupted: run the same command again\n"}, {syscall.SIGKILL, -1, ""}} {
		before := sweepFinished(t)
		cmd, stderr := process(t, args...)
		for deadline := time.Now().Add(time.Minute); !begun(t) && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		if code := exitCode(t, cmd); code != tt.code || stderr.String() != tt.said {
			t.Errorf("%s: code %d: %s", tt.signal, code, stderr)
		}
		code, out, said := quick(t.Context(), "sweep", "status")
		if code != 0 || !strings.Contains(out, " interrupted ") || strings.Contains(out, " running") || sweepFinished(t) < before {
			t.Errorf("%s: code %d: %s%s", tt.signal, code, out, said)
		}
	}
	if code, out, said := quick(t.Context(), append(args, "--quiet")...); code != 0 || said != "" || sweepFinished(t) != 4 {
		t.Errorf("code %d: %s%s", code, out, said)
	}
	if left, err := filepath.Glob("runs/.sweeps/*/points/*.lock"); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// begun reports whether a point of the sweep is running.
func begun(t *testing.T) bool {
	t.Helper()
	m, err := sweep.Find("runs", "")
	if err != nil {
		return false
	}
	states, err := m.Status()
	return err == nil && countStates(states, run.Running) > 0
}

// Where sweeps cannot be written, that is said before anything is run.
func TestSweepReadOnly(t *testing.T) {
	folder(t)
	if os.Getuid() == 0 {
		if err := os.WriteFile("runs", nil, 0o666); err != nil { // root may write anywhere
			t.Fatal(err)
		}
	} else if err := os.Mkdir("runs", 0o555); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := quick(t.Context(), "sweep", "a", "seed=1,2", "--quiet")
	if code != 1 || out != "" || !strings.HasPrefix(stderr, "error: sweep: ") || !strings.Contains(stderr, "choose another folder with --runs") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d: %s%s", code, out, stderr)
	}
}
