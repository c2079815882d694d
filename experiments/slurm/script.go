package slurm

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// body is what the script of every array does.
//
//go:embed task.sh
var body string

// warning is how long before a task's time limit it is told to stop. Slurm may tell it up
// to a minute earlier.
const warning = 2 * time.Minute

// programName is the name of the copy of the program in an array's folder.
const programName = "experiments"

// script returns the text of a script for bash.
func (a Array) script(tasks [][]string) string {
	var b strings.Builder
	fmt.Fprintln(&b, "#!/usr/bin/env bash")
	for _, option := range a.options(len(tasks)) {
		fmt.Fprintln(&b, "#SBATCH", option)
	}
	words := append([]string{filepath.Join(a.Folder, programName)}, a.Args...)
	fmt.Fprintf(&b, "\nset -u\nfolder=%s\nprogram=(%s)\n", quote(a.Dir), quoteAll(words))
	fmt.Fprintf(&b, "log=%s_${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID.log\n", quote(filepath.Join(a.Folder, a.Name)))
	if a.Stop {
		fmt.Fprintln(&b, "stop_on_failure=yes # when this task fails, those that have not begun are cancelled")
	} else {
		fmt.Fprintln(&b, "stop_on_failure=")
	}
	fmt.Fprintln(&b, "case $SLURM_ARRAY_TASK_ID in")
	for i, items := range tasks {
		fmt.Fprintf(&b, "%d) items=(%s) ;;\n", i, quoteAll(items))
	}
	return b.String() + "esac\n" + body
}

// options are the lines for sbatch.
func (a Array) options(tasks int) []string {
	o := a.Options
	array := fmt.Sprintf("0-%d", tasks-1)
	if o.Throttle > 0 {
		array += "%" + strconv.Itoa(o.Throttle)
	}
	lines := []string{"--job-name=" + a.Name, "--array=" + array, "--output=" + strings.ReplaceAll(filepath.Join(a.Folder, a.Name), "%", "%%") + "_%A_%a.log", "--open-mode=append", "--chdir=" + a.Dir,
		"--requeue", fmt.Sprintf("--signal=B:USR1@%d", int(warning.Seconds())), "--kill-on-invalid-dep=yes"}
	add := func(option, value string) {
		if value != "" && value != "0" {
			lines = append(lines, option+"="+value)
		}
	}
	add("--partition", o.Partition)
	add("--account", o.Account)
	add("--gpus", strconv.Itoa(o.GPUs))
	add("--cpus-per-task", strconv.Itoa(o.CPUs))
	add("--mem", o.Memory)
	if d := time.Duration(o.Time); d > 0 {
		minutes := (d + time.Minute - 1) / time.Minute // sbatch counts in minutes
		add("--time", strconv.Itoa(int(minutes)))
	}
	lines = append(lines, o.Options...)
	for i, line := range lines {
		lines[i] = quote(line)
	}
	return lines
}

// plain is a word that bash and sbatch take as it stands.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quote writes a word for bash, and for a line of sbatch, whose quotes are the same but
// know no escape.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// quoteAll writes words for bash.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}
