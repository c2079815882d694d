package slurm

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
)

var regen = flag.Bool("regen", false, "write testdata anew")

// sweep is an array as a sweep would submit it.
func sweep() Array {
	return Array{Name: "sweep-1a2b", Folder: "/data/my runs/.sweeps/1a2b/slurm", Dir: "/data", Args: []string{"sweep", "point", "--runs", "/data/my runs", "1a2b"},
		Items: []string{"0", "1", "2", "3", "4"}, PerTask: 2, Stop: true,
		Options: config.Slurm{Partition: "gpu,long", Account: "net", GPUs: 1, CPUs: 8, Memory: "16G", Time: config.Duration(90*time.Minute + time.Second), Throttle: 2, Options: []string{"--qos=long", "--comment=a b"}}}
}

func TestScript(t *testing.T) {
	all := sweep().Submissions(DefaultArraySize)
	if len(all) != 1 || all[0].File != "/data/my runs/.sweeps/1a2b/slurm/sweep-1a2b.sh" {
		t.Fatalf("%+v", all)
	}
	const golden = "testdata/sweep.sh"
	if *regen {
		if err := os.WriteFile(golden, []byte(all[0].Script), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Script != string(want) {
		t.Errorf("%s\nwant what %s holds (go test ./experiments/slurm -run Script -regen renews it)", all[0].Script, golden)
	}
	cmd := exec.Command("bash", "-n", golden)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("bash: %v: %s", err, out)
	}
}

// Nothing is said to sbatch that was not asked for.
func TestScriptWithoutOptions(t *testing.T) {
	script := Array{Name: "a", Folder: "/f", Dir: "/d", Items: []string{"x"}}.Submissions(DefaultArraySize)[0].Script
	for _, option := range []string{"--partition", "--account", "--gpus", "--cpus-per-task", "--mem", "--time", "%"} {
		if strings.Contains(strings.ReplaceAll(script, "_%A_%a", ""), "#SBATCH "+option) {
			t.Errorf("%s is set:\n%s", option, script)
		}
	}
}

func TestSubmissions(t *testing.T) {
	a := sweep()
	a.PerTask, a.Folder = 1, "/f"
	all := a.Submissions(2)
	var files []string
	var tasks [][][]string
	for _, s := range all {
		files, tasks = append(files, s.File), append(tasks, s.Tasks)
	}
	if want := []string{"/f/sweep-1a2b-1.sh", "/f/sweep-1a2b-2.sh", "/f/sweep-1a2b-3.sh"}; !reflect.DeepEqual(files, want) {
		t.Errorf("%v, want %v", files, want)
	}
	if want := [][][]string{{{"0"}, {"1"}}, {{"2"}, {"3"}}, {{"4"}}}; !reflect.DeepEqual(tasks, want) {
		t.Errorf("%v, want %v", tasks, want)
	}
	for i, want := range []string{"#SBATCH --array=0-1%2\n", "#SBATCH --array=0-1%2\n", "#SBATCH --array=0-0%2\n"} {
		if !strings.Contains(all[i].Script, want) {
			t.Errorf("%d: no %s", i, want)
		}
	}
	// The throttle holds for all of them together, so that one waits for the other.
	for _, test := range []struct {
		s     Submission
		after Dependency
		want  string
	}{
		{all[0], Dependency{}, "sbatch --parsable /f/sweep-1a2b-1.sh"},
		{all[0], Dependency{Jobs: []string{"5", "6"}}, "sbatch --parsable --dependency=afterok:5:6 /f/sweep-1a2b-1.sh"},
		{all[1], Dependency{Jobs: []string{"5", "6"}, Failed: true}, "sbatch --parsable --dependency=afterany:5:6,afterany:7 /f/sweep-1a2b-2.sh"},
		{all[1], Dependency{}, "sbatch --parsable --dependency=afterany:7 /f/sweep-1a2b-2.sh"},
	} {
		if got := test.s.Command(test.after, "7"); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
	a.Options.Throttle = 0
	if got, want := a.Submissions(2)[1].Command(Dependency{}, "7"), "sbatch --parsable /f/sweep-1a2b-2.sh"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestQuote(t *testing.T) {
	for _, word := range []string{"", "a", "a b", "it's", `"`, `\`, "$HOME", "`id`", "*", "a\nb", "ü", "-n"} {
		out, err := exec.Command("bash", "-c", "printf %s "+quote(word)).Output()
		if word == "-n" {
			out, err = exec.Command("bash", "-c", "printf %s x"+quote(word)).Output()
			word = "x-n"
		}
		if err != nil || string(out) != word {
			t.Errorf("%q becomes %q, %v", word, out, err)
		}
	}
}

// fake puts programs into a folder that is all of the PATH beside the system's.
func fake(t *testing.T, programs map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/bash\ncd "+dir+"\n"+text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+"/bin")
	return dir
}

func TestSubmitTriesAgain(t *testing.T) {
	const busy = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
	for _, test := range []struct {
		name, sbatch, want string
		calls              int
	}{
		{"at once", "echo 7", "", 1},
		{"with a cluster's name", "echo '7;big'", "", 1},
		{"busy twice", `[[ $(wc -l <calls) -gt 2 ]] && echo 7 && exit; echo "` + busy + `" >&2; exit 1`, "", 3},
		{"busy", `echo "` + busy + `" >&2; exit 1`, "slurm: sbatch: Socket timed out on send/recv operation", 4},
		{"refused", "echo 'sbatch: error: invalid account' >&2; echo 'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified' >&2; exit 1", "slurm: sbatch: invalid account; Invalid account or account/partition combination specified", 1},
		{"silent", "exit 1", "slurm: sbatch: exit status 1", 1},
		{"no number", "echo queued", `slurm: sbatch: prints "queued\n": want the number of a job`, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := fake(t, map[string]string{"sbatch": "echo >>calls\n" + test.sbatch})
			c := &Cluster{MaxArraySize: 10, pauses: []time.Duration{1, 1, 1}}
			a := sweep()
			a.Folder = filepath.Join(dir, "slurm")
			jobs, err := c.Submit(t.Context(), a, Dependency{})
			if got := fmt.Sprint(err); test.want == "" && (err != nil || len(jobs) != 1 || jobs[0].ID != "7") || test.want != "" && got != test.want {
				t.Errorf("%v, %v, want %s", jobs, err, test.want)
			}
			if calls, err := os.ReadFile(filepath.Join(dir, "calls")); err != nil || len(calls) != test.calls {
				t.Errorf("%d calls, want %d; %v", len(calls), test.calls, err)
			}
			known, err := Jobs(a.Folder)
			if err != nil || !reflect.DeepEqual(known, jobs) {
				t.Errorf("%v, %v, want %v", known, err, jobs)
			}
		})
	}
}

// Jobs that were taken before the cluster refused are not forgotten.
func TestSubmitHalf(t *testing.T) {
	dir := fake(t, map[string]string{"sbatch": "echo >>calls\nn=$(wc -l <calls); ((n < 3)) && echo $n && exit; echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1"})
	c := &Cluster{MaxArraySize: 1}
	a := sweep()
	a.Folder = filepath.Join(dir, "slurm")
	jobs, err := c.Submit(t.Context(), a, Dependency{})
	if err == nil || len(jobs) != 2 || !reflect.DeepEqual(IDs(jobs), []string{"1", "2"}) {
		t.Errorf("%v, %v", jobs, err)
	}
	f, err := os.OpenFile(filepath.Join(a.Folder, jobsName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"job":"3"`); err != nil { // by a program that was killed
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if known, err := Jobs(a.Folder); err != nil || !reflect.DeepEqual(known, jobs) {
		t.Errorf("%v, %v", known, err)
	}
}

func TestFind(t *testing.T) {
	dir := fake(t, nil)
	t.Setenv("PATH", dir)
	if _, err := Find(t.Context()); err == nil || !strings.Contains(err.Error(), "no sbatch on the PATH: want a machine that submits") {
		t.Errorf("%v", err)
	}
	fake(t, map[string]string{"sbatch": "", "scontrol": "echo 'slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)' >&2; exit 1"})
	if _, err := Find(t.Context()); err == nil || err.Error() != "slurm: scontrol: slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)" {
		t.Errorf("%v", err)
	}
	fake(t, map[string]string{"sbatch": "", "scontrol": "echo 'MaxArraySize            = 0'"})
	if _, err := Find(t.Context()); err == nil || err.Error() != "slurm: MaxArraySize is 0: this cluster takes no arrays" {
		t.Errorf("%v", err)
	}
}

func TestQueue(t *testing.T) {
	jobs := []Job{{ID: "5", Array: "a", Tasks: [][]string{{"x"}, {"y"}}}, {ID: "6", Array: "b", Tasks: [][]string{{"z"}}}}
	c := &Cluster{}
	fake(t, map[string]string{"squeue": `printf '%s\n' '5|1|PENDING||Nodes required for job are DOWN, DRAINED or reserved' '6|0|RUNNING|n1|None' '5|7|RUNNING|n1|None' '9|0|RUNNING|n1|None' 'odd'`})
	tasks, err := c.Queue(t.Context(), jobs)
	want := []Task{{Job: jobs[0], Number: 1, State: "PENDING", Reason: "Nodes required for job are DOWN, DRAINED or reserved"}, {Job: jobs[1], Number: 0, State: "RUNNING", Node: "n1"}}
	if err != nil || !reflect.DeepEqual(tasks, want) {
		t.Errorf("%+v, %v", tasks, err)
	}
	if got := tasks[0].Items(); got[0] != "y" {
		t.Errorf("%v", got)
	}
	fake(t, map[string]string{"squeue": "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"})
	if tasks, err := c.Queue(t.Context(), jobs); err != nil || len(tasks) != 0 {
		t.Errorf("%+v, %v", tasks, err)
	}
	fake(t, map[string]string{"squeue": "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1"})
	if _, err := c.Queue(t.Context(), jobs); err == nil {
		t.Error("no error although nobody answers")
	}
}

// Whatever squeue prints, a task is one of the jobs and has items.
func FuzzQueue(f *testing.F) {
	jobs := []Job{{ID: "5", Tasks: [][]string{{"x"}, {"y"}}}}
	for _, text := range []string{"5|1|PENDING||Resources\n", "5|-1|RUNNING|n1|None", "5|N/A|RUNNING|n1|None", "5|0|PENDING||a|b\n\n5", "|||||"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, task := range parseQueue(text, jobs) {
			if task.Job.ID != "5" || len(task.Items()) != 1 {
				t.Errorf("%+v", task)
			}
		}
	})
}
