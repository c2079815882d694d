package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

// runFilter says which runs are listed; every condition has to hold. Its zero value
// lets all through.
type runFilter struct {
	experiment, status string
	tags, settings     []string
	scores             []string

	conditions []fidelity.Condition // scores, parsed
}

// check reports the conditions that no run could be checked by.
func (f *runFilter) check() error {
	var problems []error
	known := []run.Status{run.Finished, run.Failed, run.Interrupted, run.Running}
	if f.status != "" && !slices.Contains(known, run.Status(f.status)) {
		problems = append(problems, fmt.Errorf("runs: --status %q: want finished, failed, interrupted or running", f.status))
	}
	for _, text := range f.scores {
		condition, err := fidelity.ParseCondition(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("runs: --score: %w", err))
		}
		f.conditions = append(f.conditions, condition)
	}
	for _, setting := range f.settings {
		key, _, _ := strings.Cut(setting, "=")
		_, err := config.Default().Override(setting)
		// A value that only another key forbids is one that runs can have.
		if problem, ok := errors.AsType[*config.Problem](err); err != nil && (!ok || problem.Key == key) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// some reports whether there is a condition.
func (f *runFilter) some() bool {
	return f.experiment != "" || f.status != "" || len(f.tags)+len(f.settings)+len(f.scores) > 0
}

// lets reports whether all conditions hold for a run.
func (f *runFilter) lets(m *run.Manifest, info runInfo) bool {
	lacks := func(tag string) bool { return !slices.Contains(m.Tags, tag) }
	missed := func(condition fidelity.Condition) bool { return !condition.Holds(info.all) }
	differs := func(setting string) bool {
		key, value, _ := strings.Cut(setting, "=")
		have, err := m.Config.Value(key)
		wanted, invalid := m.Config.Override(setting)
		if invalid == nil {
			value, _ = wanted.Value(key) // as it is written in full: 1 of 1.0
		}
		return err != nil || have != value
	}
	return (f.experiment == "" || m.Experiment == f.experiment) && (f.status == "" || string(info.Status) == f.status) &&
		!slices.ContainsFunc(f.tags, lacks) && !slices.ContainsFunc(f.conditions, missed) && !slices.ContainsFunc(f.settings, differs)
}
