//go:build unix

package slurm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The script of a task does these things with Slurm's programs, whatever answers them.
func TestTask(t *testing.T) {
	for _, test := range []struct {
		name    string
		program string // what the task runs
		env     []string
		log     string // of the task before it was started again
		state   string // that squeue prints
		outside bool   // the node does not see the working folder
		stop    bool
		code    int
		want    string // what is said, and what of Slurm is called
	}{
		{name: "done", program: "echo $*", want: "sweep point 7\n"},
		{name: "failed", program: "exit 2", code: 2},
		{name: "failed, stop", program: "exit 2", code: 2, stop: true, want: "scancel --state=PENDING --name=a --user=USER\n"},
		{name: "interrupted", program: "exit 3", state: "RUNNING", code: 3, stop: true, want: "slurm: told to stop by its program at TIME\nslurm: queued again: 5_0\nscontrol requeue 5_0\n"},
		{name: "interrupted by the end of the job", program: "exit 3", state: "COMPLETING", code: 3, stop: true},
		{name: "interrupted, nobody knows", program: "exit 3", state: "", code: 3, stop: true},
		{name: "killed", program: "kill -9 $$", state: "RUNNING", code: 137, want: "slurm: the program was ended by signal 9\n"},
		{name: "SIGUSR1", program: "trap 'exit 3' TERM; kill -USR1 $SCRIPT; for i in {1..90}; do sleep 0.1; done", state: "RUNNING", code: 3, want: "slurm: told to stop by SIGUSR1 at TIME\nslurm: queued again: 5_0\nscontrol requeue 5_0\n"},
		{name: "SIGUSR1 kills it", program: "kill -USR1 $SCRIPT; exec sleep 9", state: "RUNNING", code: 143, want: "slurm: told to stop by SIGUSR1 at TIME\nslurm: the program was ended by signal 15\nslurm: queued again: 5_0\nscontrol requeue 5_0\n"},
		{name: "SIGTERM", program: "trap 'exit 3' TERM; kill -TERM $SCRIPT; for i in {1..90}; do sleep 0.1; done", state: "RUNNING", code: 3, want: "slurm: told to stop by SIGTERM at TIME\nslurm: queued again: 5_0\nscontrol requeue 5_0\n"},
		{name: "SIGTERM of scancel", program: "trap 'exit 3' TERM; kill -TERM $SCRIPT $$; for i in {1..90}; do sleep 0.1; done", state: "COMPLETING", code: 3, want: "slurm: told to stop by SIGTERM at TIME\n"},
		{name: "node lost", program: "echo $*", env: []string{"SLURM_RESTART_COUNT=1"}, want: "sweep point 7\n"},
		{name: "node lost twice", program: "echo $*", env: []string{"SLURM_RESTART_COUNT=2"}, code: 1, want: "slurm: this task has lost its node 2 times, and is not tried again\n"},
		{name: "stopped twice", program: "echo $*", env: []string{"SLURM_RESTART_COUNT=3"}, log: "slurm: told to stop by SIGUSR1\nx\nslurm: told to stop by SIGTERM\n", want: "sweep point 7\n"},
		{name: "stopped once, node lost twice", program: "echo $*", env: []string{"SLURM_RESTART_COUNT=3"}, log: "slurm: told to stop by SIGUSR1\n", code: 1, want: "slurm: this task has lost its node 2 times, and is not tried again\n"},
		{name: "not shared", program: "echo $*", outside: true, code: 1, want: "slurm: HOST does not see DIR: want the working folder, the folder of runs and the data on a file system that all nodes share\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, bin := t.TempDir(), t.TempDir()
			a := Array{Name: "a", Folder: filepath.Join(dir, "slurm"), Dir: dir, Args: []string{"sweep", "point"}, Items: []string{"7"}, Stop: test.stop}
			if err := os.Mkdir(a.Folder, 0o777); err != nil {
				t.Fatal(err)
			}
			s := a.Submissions(DefaultArraySize)[0]
			for path, text := range map[string]string{
				filepath.Join(a.Folder, programName):      "#!/bin/bash\nSCRIPT=$(awk '{print $4}' /proc/$PPID/stat) # above the subshell\n" + test.program,
				Job{ID: "5", Array: "a"}.Log(a.Folder, 0): test.log,
				s.File:                         s.Script,
				filepath.Join(bin, "squeue"):   "#!/bin/bash\n[[ $* == '--noheader --jobs=5_0 --format=%T' ]] && echo " + test.state,
				filepath.Join(bin, "scontrol"): "#!/bin/bash\necho scontrol $*",
				filepath.Join(bin, "scancel"):  "#!/bin/bash\necho scancel ${*/%=$(id -un)/=USER}",
				filepath.Join(bin, "hostname"): "#!/bin/bash\necho HOST",
				filepath.Join(bin, "date"):     "#!/bin/bash\necho TIME",
			} {
				if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("bash", s.File)
			cmd.Dir = dir
			if test.outside {
				cmd.Dir = bin
			}
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SLURM_ARRAY_JOB_ID=5", "SLURM_ARRAY_TASK_ID=0", "SLURM_JOB_NAME=a")
			cmd.Env = append(cmd.Env, test.env...)
			var complaint strings.Builder
			cmd.Stderr = &complaint
			out, err := cmd.Output()
			if code := cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("exit code %d, want %d; %v", code, test.code, err)
			}
			if complaint.Len() > 0 && !strings.Contains(complaint.String(), "Killed") && !strings.Contains(complaint.String(), "Terminated") { // as bash says
				t.Errorf("complains %s", &complaint)
			}
			if got := strings.ReplaceAll(string(out), dir, "DIR"); got != test.want {
				t.Errorf("said\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
