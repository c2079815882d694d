package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// folder is a fresh working directory with one experiment, a, which the Markov
// baseline learns in a second.
func folder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	text := "[experiment.a]\nabout = \"a\"\nbackend = \"go\"\ngenerator = \"markov\"\ndata.limit = 8000\nevaluate = { trees = 5, floors = 2 }\n"
	if err := os.WriteFile("experiments.toml", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// watching is a writer that calls seen when a text passes.
type watching struct {
	bytes.Buffer
	text string
	seen func()
}

func (w *watching) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if w.seen != nil && strings.Contains(w.String(), w.text) {
		w.seen()
		w.seen = nil
	}
	return n, err
}

// quick runs the command in the working directory.
func quick(ctx context.Context, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = experiments(ctx, strings.NewReader(""), &stdout, &stderr, args)
	return code, stdout.String(), stderr.String()
}

// An interrupted run leaves what it has finished, and the next one goes on from there.
func TestInterrupted(t *testing.T) {
	folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, stderr := &watching{text: "\nmarkov ", seen: cancel}, &bytes.Buffer{}
	if code := experiments(ctx, strings.NewReader(""), out, stderr, []string{"run", "a"}); code != 3 || stderr.String() != "interrupted: run the same command again\n" || strings.Contains(out.String(), "run: ") {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	left, err := filepath.Glob("runs/a/*/training.parquet")
	if len(left) != 1 || err != nil {
		t.Errorf("the finished stage is lost: %v, %v", left, err)
	}
	if m, err := run.Open(filepath.Dir(left[0])); err != nil || m.Status != run.Interrupted {
		t.Errorf("%+v, %v", m, err)
	}
	code, said, complaint := quick(t.Context(), "run", "a")
	if code != 0 || complaint != "" || !strings.Contains(said, "\nmarkov          reused") {
		t.Errorf("code %d\nout: %s\nerr: %s", code, said, complaint)
	}
	m, err := run.LatestRun("runs", "a")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(said, "\nrun: runs/a/"+m.ID+"\n") {
		t.Errorf("out: %s", said)
	}
}

// With --force the same command would begin anew, so another one is named, which goes on.
func TestForceInterrupted(t *testing.T) {
	folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, stderr := &watching{text: "\nmarkov ", seen: cancel}, &bytes.Buffer{}
	if code := experiments(ctx, strings.NewReader(""), out, stderr, []string{"run", "a", "--force"}); code != 3 || stderr.String() != "interrupted: run it again without --force or --from to go on from here\n" {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	if code, said, complaint := quick(t.Context(), "run", "a"); code != 0 || complaint != "" || !strings.Contains(said, "\nmarkov          reused") {
		t.Errorf("code %d\nout: %s\nerr: %s", code, said, complaint)
	}
}

// A run that has finished is not computed again, unless that is asked for.
func TestFinished(t *testing.T) {
	folder(t)
	if code, out, err := quick(t.Context(), "run", "a"); code != 0 {
		t.Fatal(out, err)
	}
	_, out, _ := quick(t.Context(), "run", "a")
	if !strings.HasPrefix(out, "it finished on ") || strings.Count(out, "\n") != 2 || !strings.Contains(out, "\nrun: runs/a/") {
		t.Errorf("out: %s", out)
	}
	_, out, _ = quick(t.Context(), "run", "a", "--from", "hosts")
	if !strings.Contains(out, "markov          reused") || strings.Contains(out, "hosts           reused") || strings.Contains(out, "evaluate        reused") {
		t.Errorf("out: %s", out)
	}
	_, out, _ = quick(t.Context(), "run", "a", "--force")
	if strings.Contains(out, "reused") || !strings.HasPrefix(out, "read ") {
		t.Errorf("out: %s", out)
	}
	if code, _, err := quick(t.Context(), "run", "a", "--from", "vae"); code != 2 || !strings.Contains(err, `no stage "vae": want one of [read markov hosts words dynamics generate evaluate]`) {
		t.Errorf("code %d, err: %s", code, err)
	}
	_, out, _ = quick(t.Context(), "plan", "a", "markov.order=2")
	for _, want := range []string{"read .*stored", "markov .*runs: params.*order: 5 -> 2", "hosts .*stored", "generate .*runs: markov runs", "run a/.*: 3 of 7 stages run"} {
		if !matches(want, out) {
			t.Errorf("the plan lacks %q: %s", want, out)
		}
	}
	if _, out, _ = quick(t.Context(), "cache", "list"); !matches("7 results, .* MB", out) {
		t.Errorf("out: %s", out)
	}
	if _, out, _ = quick(t.Context(), "cache", "prune", "--keep", "0"); !matches("7 results removed", out) {
		t.Errorf("out: %s", out)
	}
	if code, out, err := quick(t.Context(), "verify", "a"); code != 0 {
		t.Errorf("the run has lost something with the cache: %s%s", out, err)
	}
}

// A run that fails stays, with what it had finished and why it failed.
func TestFailedRunStays(t *testing.T) {
	folder(t)
	code, out, stderr := quick(t.Context(), "run", "a", "data.application=RIP")
	if code != 1 || strings.Contains(out, "run: ") || !strings.Contains(stderr, "error: read: testbed: no packet of RIP; it holds HTTP (") {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	ids, err := run.IDs("runs", "a")
	if err != nil || len(ids) != 1 {
		t.Fatal(ids, err)
	}
	if m, err := run.Open(filepath.Join("runs", "a", ids[0])); err != nil || m.Status != run.Failed || !strings.HasPrefix(m.Error, "read: testbed: no packet") {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := os.Readlink("runs/a/latest"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("latest: %v", err)
	}
	if code, _, stderr := quick(t.Context(), "generate", "a/"+ids[0], "--flows", "1", "--out", "x.pcap"); code != 1 || !strings.Contains(stderr, "its status is failed: want a finished run") {
		t.Errorf("code %d, err: %s", code, stderr)
	}
}

func TestUnwritableRuns(t *testing.T) {
	folder(t)
	code, _, stderr := quick(t.Context(), "run", "a", "--runs", "experiments.toml")
	if code != 1 || !strings.Contains(stderr, "experiments.toml") || !strings.Contains(stderr, "--runs") || strings.Count(stderr, "\n") != 1 {
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
		{"assignment", []string{"evaluate.folds=3"}, "evaluate.folds = 3 (was 5)\n"},
		{"same value", []string{"evaluate.folds=5"}, ""},
		{"seed", []string{"--seed", "5"}, "seed = 5 (was 1)\n"},
		{"flag over assignment", []string{"seed=4", "--seed", "5"}, "seed = 5 (was 1)\n"},
		{"backend", []string{"--backend=auto"}, "backend = auto (was go)\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, stderr := quick(t.Context(), append([]string{"plan", "a"}, tt.args...)...)
			head, _, ok := strings.Cut(out, "STAGE")
			if code != 0 || !ok || head != tt.want {
				t.Errorf("code %d\nout: %s\nerr: %s\nwant %s", code, out, stderr, tt.want)
			}
		})
	}
}

// A key that the generator does not use is refused, with those that use it.
func TestUnusedKeys(t *testing.T) {
	folder(t)
	for override, want := range map[string]string{
		"lstm.units=7":     `error: lstm.units: 7: is not used by generator "markov": want it with generator=paper or generator=sampled`,
		"vae.epochs=3":     `error: vae.epochs: 3: is not used by generator "markov"`,
		"lstm.gap_bins=50": `error: lstm.gap_bins: 50: is not used by generator "markov": want it with generator=sampled`,
	} {
		if code, _, stderr := quick(t.Context(), "run", "a", override); code != 2 || !strings.HasPrefix(stderr, want) {
			t.Errorf("code %d: %s, want %s", code, stderr, want)
		}
	}
}

func TestQuiet(t *testing.T) {
	folder(t)
	_, out, stderr := quick(t.Context(), "run", "a", "--quiet", "seed=3")
	if strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "run: runs/a/") || stderr != "" {
		t.Errorf("out: %s\nerr: %s", out, stderr)
	}
}

func TestRunJSON(t *testing.T) {
	folder(t)
	_, out, _ := quick(t.Context(), "run", "a", "--json")
	if !strings.HasPrefix(out, "{\n  \"run\": \"runs/a/") || !strings.Contains(out, `"status": "finished"`) {
		t.Errorf("out: %s", out)
	}
}

// Many runs of one experiment at once, of different seeds, all finish.
func TestManyRunsAtOnce(t *testing.T) {
	folder(t)
	done := make(chan string)
	const runs = 8
	for seed := range runs {
		cmd, stderr := process(t, "run", "a", fmt.Sprint("seed=", seed), "--quiet")
		go func() {
			if err := cmd.Wait(); err != nil {
				done <- fmt.Sprint(err, ": ", stderr)
				return
			}
			done <- ""
		}()
	}
	for range runs {
		if problem := <-done; problem != "" {
			t.Error(problem)
		}
	}
	ids, err := run.IDs("runs", "a")
	if _, latest := run.LatestRun("runs", "a"); err != nil || latest != nil || len(ids) != runs {
		t.Errorf("%d runs, %v, %v", len(ids), err, latest)
	}
}

// matches reports whether a pattern matches within one line of a text.
func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
