package config

import (
	_ "embed"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// slurmSource is the file that declares Slurm; the comments on its fields are what
// users are told of the keys.
//
//go:embed slurm.go
var slurmSource string

// Slurm is the table [slurm] of a file of experiments: what a task asks its cluster for.
// It changes where and when a task runs, and never what it computes, so that no key of a
// stage depends on it. The zero value leaves all to the defaults of the cluster. The
// options are those of sbatch (https://slurm.schedmd.com/sbatch.html).
type Slurm struct {
	Partition string   `toml:"partition"`                    // partition that tasks run in (--partition); default the cluster's
	Account   string   `toml:"account"`                      // account that tasks are charged to (--account); default the user's
	GPUs      int      `toml:"gpus" range:"[0,64]"`          // GPUs of a task (--gpus), 0: none is asked for; default 0
	CPUs      int      `toml:"cpus" range:"[0,4096]"`        // processors of a task (--cpus-per-task), 0: as many as the cluster gives; default 0
	Memory    string   `toml:"memory"`                       // memory of a task (--mem), like "8G"; default the cluster's
	Time      Duration `toml:"time" range:"[0s,)"`           // time limit of a task (--time), 0s: the partition's; two minutes before its end a task stores what it has and queues again; default 0s
	Throttle  int      `toml:"throttle" range:"[0,1000000]"` // tasks that run at once (% of --array), 0: as many as find room; default 0
	Options   []string `toml:"options"`                      // more options of sbatch, each a word like "--qos=long"; default none
}

// leastTime is the shortest time limit: two minutes of it are kept for storing what there is.
const leastTime = 5 * time.Minute

// slurmPatterns are what the texts of the table look like.
var slurmPatterns = map[string]*regexp.Regexp{
	"slurm.partition": regexp.MustCompile(`^[A-Za-z0-9_.,@-]*$`),
	"slurm.account":   regexp.MustCompile(`^[A-Za-z0-9_.@-]*$`),
	"slurm.memory":    regexp.MustCompile(`^([1-9][0-9]*[KMGT]?)?$`),
}

// slurmWanted is what is said where a text does not look so.
var slurmWanted = map[string]string{
	"slurm.partition": "want the name of a partition, or several with commas between them",
	"slurm.account":   "want the name of an account",
	"slurm.memory":    `want a whole number with K, M, G or T behind it, like "8G"`,
}

// slurmOption is an option of sbatch in its long form.
var slurmOption = regexp.MustCompile(`^--[a-z][a-z-]*(=[^\pC]*)?$`)

// ownOptions are the options of sbatch that a script sets by itself, from keys or because
// it relies on them.
var ownOptions = []string{"account", "array", "chdir", "cpus-per-task", "dependency", "error", "gpus", "job-name", "kill-on-invalid-dep", "mem", "no-requeue",
	"ntasks", "open-mode", "output", "parsable", "partition", "requeue", "signal", "time", "wait", "wrap"}

// fields lists the keys of the table.
func (s *Slurm) fields() []field { return appendFields(nil, "slurm.", reflect.ValueOf(s).Elem()) }

// Override returns the settings with assignments of the form key=value applied, where key
// is a key of [slurm] with or without its table. All problems are reported at once.
func (s Slurm) Override(assignments ...string) (Slurm, error) {
	s.Options = slices.Clone(s.Options)
	var problems []error
	for _, assignment := range assignments {
		key, value, ok := strings.Cut(assignment, "=")
		if !ok {
			problems = append(problems, fmt.Errorf("--slurm %q: want key=value, like partition=gpu", assignment))
			continue
		}
		f, err := s.find(strings.TrimSpace(key))
		if err == nil {
			if err = f.setText(strings.TrimSpace(value)); err != nil {
				err = &Problem{Key: f.key, Value: fmt.Sprintf("%q", value), Want: err.Error()}
			}
		}
		problems = append(problems, err)
	}
	problems = append(problems, s.check(func(string) string { return "" }))
	return s, errors.Join(problems...)
}

// find is the field with the key.
func (s *Slurm) find(key string) (field, error) {
	all := s.fields()
	var names []string
	for _, f := range all {
		if f.key == key || f.key == "slurm."+key {
			return f, nil
		}
		names = append(names, f.key)
	}
	return field{}, fmt.Errorf("unknown key %q%s", key, suggestion(key, names))
}

// apply sets what the table assigns.
func (s *Slurm) apply(t table) error {
	given := map[string]string{}
	var problems []error
	for _, a := range t.values {
		f, err := s.find("slurm." + a.key)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", a.where, err))
			continue
		}
		given[f.key] = a.where
		if err := f.set(a.value); err != nil {
			problems = append(problems, &Problem{Where: a.where, Key: f.key, Value: literal(a.value), Want: err.Error()})
		}
	}
	return errors.Join(append(problems, s.check(func(key string) string { return given[key] }))...)
}

// check reports the values that sbatch would not take, or that the script could not hold.
func (s *Slurm) check(where func(key string) string) error {
	var problems []error
	refuse := func(key, value, want string) {
		problems = append(problems, &Problem{Where: where(key), Key: key, Value: value, Want: want})
	}
	for _, f := range s.fields() {
		if pattern := slurmPatterns[f.key]; pattern != nil && !pattern.MatchString(f.text()) {
			refuse(f.key, fmt.Sprintf("%q", f.text()), slurmWanted[f.key])
		}
	}
	if d := time.Duration(s.Time); d != 0 && d < leastTime {
		refuse("slurm.time", fmt.Sprintf("%q", s.Time), `want 0s, or "5m" or more: two minutes before the end a task stores what it has`)
	}
	for _, option := range s.Options {
		name, _, _ := strings.Cut(strings.TrimPrefix(option, "--"), "=")
		switch {
		case !slurmOption.MatchString(option):
			refuse("slurm.options", fmt.Sprintf("%q", option), `want options of sbatch in their long form, each with its value in one word, like "--qos=long"`)
		case slices.Contains(ownOptions, name):
			refuse("slurm.options", fmt.Sprintf("%q", option), "is set by the script itself, or by another key of [slurm]")
		}
	}
	return errors.Join(problems...)
}
