package main

import (
	"os"
	"strings"
	"testing"
)

// What cannot be submitted is refused before anything is written, and a cluster is not
// needed to see the scripts.
func TestSweepWithoutCluster(t *testing.T) {
	folder(t)
	t.Setenv("PATH", t.TempDir())
	args := []string{"sweep", "a", "markov.order=1..3", "generate.flows=50"}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--executor", "slurn"}, 2, `--executor "slurn": want local or slurm`},
		{[]string{"--executor", "slurm", "--per-task", "0"}, 2, "--per-task 0: want at least 1"},
		{[]string{"--per-task", "2"}, 2, "--slurm and --per-task are of a cluster: want them with --executor slurm"},
		{[]string{"--slurm", "gpus=1"}, 2, "--slurm and --per-task are of a cluster: want them with --executor slurm"},
		{[]string{"--executor", "slurm", "--jobs", "2"}, 2, "--jobs 2 is of this machine: want --slurm throttle=2, which limits the tasks that run at once"},
		{[]string{"--executor", "slurm", "--slurm", "gpu=1"}, 2, `unknown key "gpu"; did you mean "slurm.gpus"?`},
		{[]string{"--executor", "slurm", "--slurm", "time=1m"}, 2, `slurm.time: "1m0s": want 0s, or "5m" or more: two minutes before the end a task stores what it has`},
		{[]string{"--executor", "slurm"}, 1, "slurm: no sbatch on the PATH: want a machine that submits to a cluster, like its login node, or --executor local"},
	} {
		code, _, stderr := quick(t.Context(), append(args, test.args...)...)
		if code != test.code || stderr != "error: "+test.want+"\n" {
			t.Errorf("%q: code %d\nerr:  %s\nwant: %s", test.args, code, stderr, test.want)
		}
	}
	if _, err := os.Stat("runs/.sweeps"); err == nil {
		t.Error("a sweep was written")
	}
	code, out, stderr := quick(t.Context(), append(args, "--executor", "slurm", "--per-task", "2", "--slurm", "partition=gpu", "--dry-run")...)
	if code != 0 || stderr != "" {
		t.Errorf("code %d, err: %s", code, stderr)
	}
	for _, want := range []string{
		`\n\$ sbatch --parsable --dependency=afterok:ID_OF_sweep-[0-9a-f]{12}-shared /.*/runs/.sweeps/[0-9a-f]{12}/slurm/sweep-[0-9a-f]{12}-point.sh\n`,
		`\n#SBATCH --array=0-1\n`, `\n#SBATCH --partition=gpu\n`, `\n0\) items=\(1 2\) ;;\n1\) items=\(3\) ;;\n`,
	} {
		if !matches(want, out) {
			t.Errorf("%q is not printed:\n%s", want, out)
		}
	}
	if code, _, stderr := quick(t.Context(), args...); code != 0 {
		t.Fatal(stderr)
	}
	for _, sub := range []string{"cancel", "wait"} {
		code, out, stderr := quick(t.Context(), "sweep", sub)
		switch {
		case sub == "wait" && (code != 0 || !strings.Contains(out, "3 finished\nsweep: runs/.sweeps/")):
			t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
		case sub == "cancel" && (code != 1 || !strings.Contains(stderr, "no job of it is in the queue of a cluster")):
			t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
		}
	}
}
