package slurm

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
)

// Array is work of one kind: items, of which each task does some.
type Array struct {
	Name    string       // of its jobs, as squeue shows it: letters, digits, hyphens and dots
	Folder  string       // of its scripts, logs and jobs, an absolute path; Submit makes it
	Dir     string       // where the program runs, an absolute path
	Args    []string     // of the program, before the items
	Items   []string     // what there is to do, each an argument
	PerTask int          // items of one task, which are arguments of one call; 0: one
	Stop    bool         // when a task fails, those that have not begun are cancelled
	Options config.Slurm // what a task asks the cluster for
}

// Submission is what one call of sbatch submits.
type Submission struct {
	File   string     // of the script, an absolute path
	Script string     // for bash
	Tasks  [][]string // the items of each task

	wait bool // for the submission before it: the throttle holds for all of an array
}

// Submissions cuts the array into jobs of at most limit tasks each.
func (a Array) Submissions(limit int) []Submission {
	var tasks [][]string
	per := max(a.PerTask, 1)
	for i := 0; i < len(a.Items); i += per {
		tasks = append(tasks, a.Items[i:min(i+per, len(a.Items))])
	}
	var all []Submission
	for i := 0; i < len(tasks); i += limit {
		s := Submission{Tasks: tasks[i:min(i+limit, len(tasks))], wait: i > 0 && a.Options.Throttle > 0}
		file := a.Name
		if len(tasks) > limit {
			file += "-" + strconv.Itoa(len(all)+1)
		}
		s.File = filepath.Join(a.Folder, file+".sh")
		s.Script = a.script(s.Tasks)
		all = append(all, s)
	}
	return all
}

// Dependency is what a job waits for. The zero value is nothing.
type Dependency struct {
	Jobs   []string // ids
	Failed bool     // their end is enough, however they end
}

// Command is the command line that submits, for bash. Previous is the id of the job of
// the submission before.
func (s Submission) Command(after Dependency, previous string) string {
	return "sbatch " + quoteAll(s.args(after, previous))
}

// args are the arguments of sbatch.
func (s Submission) args(after Dependency, previous string) []string {
	var waits []string
	if len(after.Jobs) > 0 {
		kind := "afterok:"
		if after.Failed {
			kind = "afterany:"
		}
		waits = append(waits, kind+strings.Join(after.Jobs, ":"))
	}
	if s.wait {
		waits = append(waits, "afterany:"+previous)
	}
	args := []string{"--parsable"}
	if len(waits) > 0 {
		args = append(args, "--dependency="+strings.Join(waits, ","))
	}
	return append(args, s.File)
}
