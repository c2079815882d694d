//go:build unix

package slurm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/slurm/slurmtest"
)

// TestMain makes the test's own program what tasks run, since Submit copies the program
// that runs: with the arguments "task" and items it is a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "task" {
		os.Exit(worker(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// read returns what all tasks have written.
func read(t *testing.T, folder string) string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestCluster(t *testing.T) {
	node := slurmtest.Start(t, "MaxArraySize=3")
	c, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	partitions, err := c.Partitions(t.Context())
	if err != nil || len(partitions) != 1 || partitions[0] != (Partition{Name: "main", State: "up", Time: "infinite", Nodes: "2"}) || c.MaxArraySize != 3 {
		t.Errorf("%+v, %+v, %v", c, partitions, err)
	}
	array := func(name string, items ...string) Array {
		dir := t.TempDir()
		return Array{Name: name, Dir: dir, Folder: filepath.Join(dir, "it's 100% $HOME"), Args: []string{"task"}, Items: items}
	}
	submit := func(t *testing.T, a Array, after Dependency) []Job {
		jobs, err := c.Submit(t.Context(), a, after)
		if err != nil {
			t.Fatal(err)
		}
		return jobs
	}
	ended := func(t *testing.T, jobs []Job) {
		node.Until(t, "the jobs have ended", func() bool {
			tasks, err := c.Queue(t.Context(), jobs)
			if err != nil {
				t.Fatal(err)
			}
			return len(tasks) == 0
		})
	}
	running := func(t *testing.T, a Array, text string, times int) {
		node.Until(t, fmt.Sprintf("%q is said %d times", text, times), func() bool { return strings.Count(read(t, a.Folder), text) == times })
	}
	signal := func(t *testing.T, task string, name string) {
		if out, err := exec.Command("scancel", "--batch", "--signal="+name, task).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}

	t.Run("items", func(t *testing.T) {
		a := array("items", "1", "a b", "it's", "$HOME", "5")
		a.PerTask = 2
		first := submit(t, a, Dependency{})
		b := array("after", "6")
		second := submit(t, b, Dependency{Jobs: IDs(first)})
		ended(t, append(first, second...))
		for _, want := range []string{`["1" "a b"]`, `["it's" "$HOME"]`, `["5"]`} {
			if said := read(t, a.Folder); !strings.Contains(said, want) {
				t.Errorf("no task has done %s:\n%s", want, said)
			}
		}
		if said := read(t, b.Folder); !strings.Contains(said, `["6"]`) {
			t.Errorf("what depends on it says %s", said)
		}
		known, err := Jobs(a.Folder)
		if err != nil || len(known) != 1 || known[0].ID != first[0].ID || len(known[0].Tasks) != 3 {
			t.Errorf("%+v, %v", known, err)
		}
	})
	t.Run("failure", func(t *testing.T) {
		a := array("failure", "fail", "wait", "3", "4")
		a.Stop, a.Options.Throttle = true, 1
		first := submit(t, a, Dependency{})
		if len(first) != 2 { // the second one waits for the first, because of the throttle
			t.Errorf("%d jobs, want 2 of at most 3 tasks", len(first))
		}
		b := array("never", "5")
		second := submit(t, b, Dependency{Jobs: IDs(first)})
		d := array("anyway", "6")
		third := submit(t, d, Dependency{Jobs: IDs(first), Failed: true})
		ended(t, append(append(first, second...), third...))
		if said := read(t, a.Folder) + read(t, b.Folder); !strings.Contains(said, `["fail"]`) || strings.Contains(said, "wait") || strings.Contains(said, `"4"`) || strings.Contains(said, `"5"`) {
			t.Errorf("said %s", said)
		}
		if said := read(t, d.Folder); !strings.Contains(said, `["6"]`) {
			t.Errorf("said %s", said)
		}
	})
	t.Run("time limit", func(t *testing.T) { // which SIGUSR1 tells of
		a := array("limit", "until told")
		jobs := submit(t, a, Dependency{})
		running(t, a, "begins", 1)
		tasks, err := c.Queue(t.Context(), jobs)
		if err != nil || len(tasks) != 1 || tasks[0].State != "RUNNING" || tasks[0].Node == "" || tasks[0].Items()[0] != "until told" {
			t.Errorf("%+v, %v", tasks, err)
		}
		signal(t, jobs[0].ID+"_0", "USR1")
		running(t, a, "slurm: queued again: "+jobs[0].ID+"_0", 1)
		node.Until(t, "it is pending", func() bool {
			tasks, err := c.Queue(t.Context(), jobs)
			return err == nil && len(tasks) == 1 && tasks[0].State == "PENDING" && tasks[0].Reason == "BeginTime"
		})
		node.Until(t, "it has begun again", func() bool { node.Release(t); return strings.Count(read(t, a.Folder), "begins") == 2 })
		// The other way to be told, by whoever sends SIGTERM to the script alone.
		signal(t, jobs[0].ID+"_0", "TERM")
		running(t, a, "slurm: queued again: "+jobs[0].ID+"_0", 2)
		// scancel ends it for good.
		node.Until(t, "it has begun again", func() bool { node.Release(t); return strings.Count(read(t, a.Folder), "begins") == 3 })
		if err := c.Cancel(t.Context(), jobs); err != nil {
			t.Fatal(err)
		}
		ended(t, jobs)
		if said := read(t, a.Folder); strings.Count(said, "slurm: queued again") != 2 || strings.Count(said, "stored what there is") != 3 {
			t.Errorf("said %s", said)
		}
	})
	t.Run("lost node", func(t *testing.T) {
		if testing.Short() {
			t.Skip("it takes half a minute")
		}
		a := array("lost", "until told")
		jobs := submit(t, a, Dependency{})
		for i := range 2 {
			node.Until(t, "it has begun", func() bool { node.Release(t); return strings.Count(read(t, a.Folder), "begins") == i+1 })
			tasks, err := c.Queue(t.Context(), jobs)
			if err != nil || len(tasks) != 1 {
				t.Fatal(tasks, err)
			}
			lost := tasks[0].Node
			began := time.Now()
			node.KillNode(t, lost)
			node.Until(t, "it is queued again", func() bool {
				tasks, err := c.Queue(t.Context(), jobs)
				return err == nil && len(tasks) == 1 && tasks[0].State == "PENDING"
			})
			t.Logf("queued again after %.0f s", time.Since(began).Seconds())
			node.StartNode(t, lost)
		}
		node.Until(t, "it has ended", func() bool {
			node.Release(t)
			tasks, err := c.Queue(t.Context(), jobs)
			return err == nil && len(tasks) == 0
		})
		if said := read(t, a.Folder); !strings.HasSuffix(said, "slurm: this task has lost its node 2 times, and is not tried again\n") || strings.Count(said, "begins") != 2 {
			t.Errorf("said %s", said)
		}
	})
	t.Run("refused", func(t *testing.T) {
		a := array("refused", "1")
		a.Options.Partition = "gpu"
		if _, err := c.Submit(t.Context(), a, Dependency{}); err == nil || err.Error() != "slurm: sbatch: invalid partition specified: gpu; Invalid partition name specified" {
			t.Errorf("%v", err)
		}
	})
}
