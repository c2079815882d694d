//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/slurm/slurmtest"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// networks is an experiment with all models, which a processor learns in seconds.
const networks = `
[experiment.a]
about = "a"
backend = "go"
data.application = "DNS"
vae.epochs = 2
gmm.max_components = 4
lstm.epochs = 4
generate.flows = 50
evaluate = { trees = 5, floors = 2 }
`

// logs returns what all tasks of the sweeps below runs have written.
func logs(t *testing.T, runs string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(runs, ".sweeps", "*", "slurm", "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// A sweep of 12 points on two nodes, one of which loses its power in the middle, ends
// whole, with the results of the same sweep on this machine, bit by bit, and with a VAE
// and a mixture a seed that were trained once.
func TestSweepOnCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	cluster := slurmtest.Start(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("experiments.toml", []byte(networks), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"sweep", "a", "lstm.units=8,12,16,20", "seed=1..3"}
	var code int
	var out, stderr string
	cluster.Holding(t, func() { code, out, stderr = quick(t.Context(), append(args, "--executor", "slurm")...) })
	if code != 0 || !matches(`job 1: sweep-[0-9a-f]{12}-shared, 3 tasks\njob 2: sweep-[0-9a-f]{12}-point, 12 tasks\nsweep: runs/.sweeps/[0-9a-f]{12}\n$`, out) {
		t.Fatalf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	m, err := sweep.Find("runs", "")
	if err != nil {
		t.Fatal(err)
	}
	count := func(status run.Status) int {
		states, err := m.Status()
		if err != nil {
			t.Fatal(err)
		}
		return countStates(states, status)
	}
	busy := func() bool { return count(run.Finished) >= 3 && count(run.Running) == 2 }
	cluster.Until(t, "some points have finished, two are running, and a node has lost its power", func() bool { return cluster.KillNodeWhile(t, "n1", busy) })
	if n := count(run.Interrupted); n != 1 {
		t.Errorf("%d points were under way on the node, want 1", n)
	}
	cluster.Until(t, "all points have finished", func() bool { cluster.Release(t); return count(run.Finished) == 12 })
	if code, out, stderr := quick(t.Context(), "sweep", "wait", "--every", "100ms"); code != 0 || !strings.Contains(out, "12 finished\nsweep: runs/.sweeps/") {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}

	said := logs(t, "runs")
	for _, stage := range []string{"vae", "gmm"} {
		if made := regexp.MustCompile(`(?m)^`+stage+` +[0-9.]+ s`).FindAllString(said, -1); len(made) != 3 {
			t.Errorf("%s was made %d times, want once a seed", stage, len(made))
		}
		if entries, err := filepath.Glob(filepath.Join("runs", ".cache", stage, "*")); err != nil || len(entries) != 3 {
			t.Errorf("stored of %s: %v, want one a seed; %v", stage, entries, err)
		}
	}

	if code, out, stderr := quick(t.Context(), append(args, "--runs", "local", "--jobs", "2")...); code != 0 {
		t.Fatalf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
	ids, err := run.IDs("local", "a")
	if err != nil || len(ids) != 12 {
		t.Fatal(ids, err)
	}
	for _, id := range ids {
		var runs [2]*run.Manifest
		for i, dir := range []string{"runs", "local"} {
			if runs[i], err = run.Open(filepath.Join(dir, "a", id)); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range runs[0].Stages {
			if other := runs[1].Stages[i]; s.Key != other.Key || len(s.Artifacts) == 0 || !reflect.DeepEqual(s.Artifacts, other.Artifacts) {
				t.Errorf("%s: stage %s: %v on the cluster, %v here", id, s.Name, s.Artifacts, other.Artifacts)
			}
		}
	}
}

// A sweep that its user changes their mind about: what the queue knows is said, a task that
// is told of its time limit stores what it has and queues again, and what was cancelled is
// submitted again.
func TestSweepQueue(t *testing.T) {
	cluster := slurmtest.Start(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("experiments.toml", []byte(networks+"[slurm]\ncpus = 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"sweep", "a", "lstm.epochs=2000", "lstm.patience=2000", "lstm.units=8,12,16", "--executor", "slurm"}
	say := func(want int, words []string, args ...string) {
		t.Helper()
		code, out, stderr := quick(t.Context(), args...)
		if code != want {
			t.Errorf("%q: code %d\nout: %s\nerr: %s", args, code, out, stderr)
		}
		for _, word := range words {
			if !matches(word, out+stderr) {
				t.Errorf("%q does not say %q:\n%s%s", args, word, out, stderr)
			}
		}
	}
	say(0, []string{"job 1: sweep-.*-shared, 1 tasks", "job 2: sweep-.*-point, 3 tasks"}, args...)
	say(0, []string{`\n +1 +8 +queued +- +task 2_0: `, "3 points, 3 queued; groups of shared stages queued or running: 1\n"}, "sweep", "status")
	m, err := sweep.Find("runs", "")
	if err != nil {
		t.Fatal(err)
	}
	running := func(want int) func() bool {
		return func() bool {
			states, err := m.Status()
			return err == nil && countStates(states, run.Running) == want
		}
	}
	cluster.Until(t, "two points are running", running(2))
	say(0, []string{`\n +1 +8 +running `, `\n +3 +16 +queued +- +task 2_2: Resources`, "2 running, 1 queued\n"}, "sweep", "status")
	say(0, []string{"every point has finished, or is in the queue"}, args...)

	if out, err := exec.Command("scancel", "--batch", "--signal=USR1", "2_0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cluster.Until(t, "the task is queued again", func() bool { return strings.Contains(logs(t, "runs"), "slurm: queued again: 2_0\n") })
	if said := logs(t, "runs"); !matches("(?s)slurm: told to stop by SIGUSR1 at .*\ninterrupted: run the same command again\n.*slurm: queued again: 2_0\n", said) {
		t.Errorf("said %s", said)
	}
	cluster.Until(t, "the last point is running", running(2))
	say(0, []string{`\n +1 +8 +queued +[0-9.]+ s +.* +task 2_0: BeginTime`}, "sweep", "status")

	say(0, []string{"^cancelled: job 2\n"}, "sweep", "cancel")
	cluster.Until(t, "nothing runs", running(0))
	say(1, []string{"sweep .*: 3 of 3 points have not finished: 3 interrupted: sweep status says why"}, "sweep", "wait", "--every", "100ms")
	say(0, []string{`\n +2 +12 +interrupted .*not in the queue; its log ends: slurm: told to stop by SIGTERM`}, "sweep", "status")
	say(1, []string{"no job of it is in the queue of a cluster"}, "sweep", "cancel")
	say(0, []string{`\njob [0-9]+: sweep-.*-point, 3 tasks\nsweep: `}, append(args, "--failed", "--slurm", "throttle=1")...)
	if said := logs(t, "runs"); strings.Count(said, "\nshared by 3 points") != 1 {
		t.Errorf("the shared stages were asked for again: %s", said)
	}
	say(1, []string{"invalid partition specified: gpu"}, append(args, "lstm.dropout=0.1", "--slurm", "partition=gpu")...)

	// A point whose node has lost its power, and whose job is cancelled before it could run
	// again, is lost until it is submitted again.
	cluster.Until(t, "the first point is running", running(1))
	node, err := exec.Command("squeue", "--noheader", "--states=RUNNING", "--format=%N").Output()
	if err != nil {
		t.Fatal(err)
	}
	cluster.KillNode(t, strings.TrimSpace(string(node)))
	say(0, []string{"^cancelled: job "}, "sweep", "cancel", m.ID)
	cluster.Until(t, "it is out of the queue", func() bool {
		out, err := exec.Command("squeue", "--noheader").Output()
		return err == nil && len(out) == 0
	})
	say(0, []string{`\n +1 +8 +lost .*not in the queue`, "3 points, 2 interrupted, 1 lost\n"}, "sweep", "status", m.ID)
	say(0, []string{`\njob [0-9]+: sweep-.*-point, 3 tasks\nsweep: `}, append(args, "--failed")...)
}
