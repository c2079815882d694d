package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// UnknownError says that the file has no experiment of that name.
type UnknownError struct {
	File, Name string
	Near       string   // the nearest experiment, "" if none is near
	Known      []string // all of them
}

// Error names the nearest experiment, and on a second line lists the known ones.
func (e *UnknownError) Error() string {
	text := fmt.Sprintf("%s: unknown experiment %q", e.File, e.Name)
	if e.Near != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Near)
	}
	return text + "\nwant one of " + strings.Join(e.Known, ", ")
}

// Experiment is the resolved configuration of one experiment: Default, then
// [defaults], then what it extends, then its own table. The error is an
// *UnknownError or joins what is wrong, each with line and column.
func (f *File) Experiment(name string) (Experiment, error) {
	if _, ok := f.tables[name]; !ok || name == "" {
		return Experiment{}, &UnknownError{File: f.Name, Name: name, Near: nearest(name, f.Experiments), Known: f.Experiments}
	}
	chain, err := f.chain(name)
	if err != nil {
		return Experiment{}, err
	}
	e := Default()
	given := map[string]string{} // key -> where
	var problems []error
	for _, t := range chain {
		problems = append(problems, e.apply(t, given))
	}
	if err := errors.Join(problems...); err != nil {
		return Experiment{}, err
	}
	return e, e.validate(func(key string) string { return given[key] })
}

// chain is [defaults], then the tables that name builds on, its own last.
func (f *File) chain(name string) ([]table, error) {
	seen := []string{}
	var own []table
	for name != "" {
		t := f.tables[name]
		own = append(own, t)
		seen = append(seen, name)
		base := t.extends
		if base == "" {
			break
		}
		if _, ok := f.tables[base]; !ok {
			return nil, fmt.Errorf("%s: experiment %s extends %q, which is unknown%s", t.where, name, base, suggestion(base, f.Experiments))
		}
		if slices.Contains(seen, base) {
			return nil, fmt.Errorf("%s: experiment %s extends itself: %s", t.where, name, strings.Join(append(seen, base), " -> "))
		}
		name = base
	}
	own = append(own, f.tables[""])
	slices.Reverse(own)
	return own, nil
}

// apply sets what the table assigns and notes where.
func (e *Experiment) apply(t table, given map[string]string) error {
	var problems []error
	for _, a := range t.values {
		f, err := e.find(a.key)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", a.where, err))
			continue
		}
		given[a.key] = a.where
		if err := f.set(a.value); err != nil {
			problems = append(problems, &Problem{Where: a.where, Key: a.key, Value: literal(a.value), Want: err.Error()})
		}
	}
	return errors.Join(problems...)
}

// check reads [slurm] and resolves every experiment, so that a mistake shows wherever it stands;
// one that several experiments inherit is reported once.
func (f *File) check() error {
	problems := parts(f.Slurm.apply(f.slurm))
	seen := map[string]bool{}
	for _, name := range f.Experiments {
		_, err := f.Experiment(name)
		for _, err := range parts(err) {
			if !seen[err.Error()] {
				seen[err.Error()] = true
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(problems...)
}

// parts takes a joined error apart.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, parts(e)...)
		}
		return all
	}
	return []error{err}
}
