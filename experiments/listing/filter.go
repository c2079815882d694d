package listing

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

// Filter says which runs are listed; every condition has to hold. Its zero value
// lets all through.
type Filter struct {
	Text               string // is in the run's name, experiment, id, note or tags, in any case of letters
	Experiment, Status string
	Tags               []string // all of them
	Settings           []string // key=value, as overrides are written
	Scores             []string // like "C2ST window<0.7", see fidelity.ParseCondition

	conditions []fidelity.Condition // Scores, parsed
}

// Problem is a condition that no run could be checked by.
type Problem struct {
	Condition string // "status" or "score"
	Err       error
}

// Error names the condition and says what is wrong with it.
func (p *Problem) Error() string { return p.Condition + ": " + p.Err.Error() }

// Unwrap returns the error.
func (p *Problem) Unwrap() error { return p.Err }

// Statuses are the states that a filter can ask for.
var Statuses = []run.Status{run.Finished, run.Failed, run.Interrupted, run.Running}

// Check reads the conditions and returns those that no run could be checked by: a
// *Problem each, or the error of config for a setting. It has to be called before Lets.
func (f *Filter) Check() []error {
	var problems []error
	if f.Status != "" && !slices.Contains(Statuses, run.Status(f.Status)) {
		problems = append(problems, &Problem{"status", fmt.Errorf("%q: want finished, failed, interrupted or running", f.Status)})
	}
	f.conditions = nil
	for _, text := range f.Scores {
		condition, err := fidelity.ParseCondition(text)
		if err != nil {
			problems = append(problems, &Problem{"score", err})
			continue
		}
		f.conditions = append(f.conditions, condition)
	}
	for _, setting := range f.Settings {
		key, _, _ := strings.Cut(setting, "=")
		_, err := config.Default().Override(setting)
		// A value that only another key forbids is one that runs can have.
		if problem, ok := errors.AsType[*config.Problem](err); err != nil && (!ok || problem.Key == key) {
			problems = append(problems, err)
		}
	}
	return problems
}

// Some reports whether there is a condition.
func (f *Filter) Some() bool {
	return f.Text != "" || f.Experiment != "" || f.Status != "" || len(f.Tags)+len(f.Settings)+len(f.Scores) > 0
}

// Columns are the scores that a list has columns for: the usual ones, and those of the
// conditions.
func (f *Filter) Columns() []fidelity.Definition {
	columns := slices.Clone(Columns)
	for _, condition := range f.conditions {
		shown := func(d fidelity.Definition) bool { return d.Level == condition.Level && d.Name == condition.Name }
		if !slices.ContainsFunc(columns, shown) {
			columns = append(columns, condition.Definition)
		}
	}
	return columns
}

// Lets reports whether all conditions hold for a run.
func (f *Filter) Lets(r Run) bool {
	lacks := func(tag string) bool { return !slices.Contains(r.Tags, tag) }
	missed := func(condition fidelity.Condition) bool { return !condition.Holds(r.All) }
	differs := func(setting string) bool {
		key, value, _ := strings.Cut(setting, "=")
		have, err := r.Manifest.Config.Value(key)
		wanted, invalid := r.Manifest.Config.Override(setting)
		if invalid == nil {
			value, _ = wanted.Value(key) // as it is written in full: 1 of 1.0
		}
		return err != nil || have != value
	}
	return f.says(r) && (f.Experiment == "" || r.Experiment == f.Experiment) && (f.Status == "" || string(r.Status) == f.Status) &&
		!slices.ContainsFunc(f.Tags, lacks) && !slices.ContainsFunc(f.conditions, missed) && !slices.ContainsFunc(f.Settings, differs)
}

// says reports whether the run has the filter's text in what it is called.
func (f *Filter) says(r Run) bool {
	called := strings.Join(append([]string{r.Name, r.Experiment + "/" + r.ID, r.Note}, r.Tags...), "\n")
	return strings.Contains(strings.ToLower(called), strings.ToLower(f.Text))
}
