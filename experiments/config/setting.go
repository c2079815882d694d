package config

import (
	"net/netip"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Setting is the value that one key has in an experiment.
type Setting struct {
	Key   string `json:"key"`   // dotted
	Value any    `json:"value"` // a bool, a number, a string, or a list of numbers or strings
	From  string `json:"from"`  // "default", "experiments.toml:12 [experiment.http]" or "command line"
}

// The origins of a value that no file gives.
const (
	fromDefault = "default"
	fromCommand = "command line"
)

// Settings resolves an experiment as Experiment does, applies assignments as Override
// does, and returns every key with its value and where that comes from, in the order
// of Experiment's fields. Other than Override it takes an experiment without data.
// The errors are those of Experiment and Override.
func (f *File) Settings(name string, assignments ...string) (Experiment, []Setting, error) {
	e, err := f.Experiment(name)
	if err != nil {
		return Experiment{}, nil, err
	}
	if e, err = e.override(assignments); err != nil {
		return Experiment{}, nil, err
	}
	origins, err := f.origins(name)
	if err != nil {
		return Experiment{}, nil, err
	}
	for _, assignment := range assignments {
		key, _, _ := strings.Cut(assignment, "=")
		origins[strings.TrimSpace(key)] = fromCommand
	}
	var settings []Setting
	for _, field := range fields(&e) {
		s := Setting{Key: field.key, Value: field.plain(), From: fromDefault}
		if from, ok := origins[field.key]; ok {
			s.From = from
		}
		settings = append(settings, s)
	}
	return e, settings, nil
}

// origins maps each key that the file sets for an experiment to the line and the table
// that have the last word.
func (f *File) origins(name string) (map[string]string, error) {
	chain, err := f.chain(name)
	if err != nil {
		return nil, err
	}
	origins := map[string]string{}
	for _, t := range chain {
		for _, a := range t.values {
			line := a.where[:strings.LastIndexByte(a.where, ':')] // the column says nothing here
			origins[a.key] = line + " " + t.name
		}
	}
	return origins, nil
}

// TOML returns the assignment as a line of experiments.toml, without where the value
// comes from.
func (s Setting) TOML() string { return s.Key + " = " + literal(s.Value) }

// plain returns the field's value in one of the types that TOML has. What has a text form
// is a string, so that a file may hold it.
func (f field) plain() any {
	switch v := f.value.Interface().(type) {
	case bool, int, int64, uint64, float64:
		return v
	case []int:
		return append([]int{}, v...)
	case Paths:
		if len(v) > 1 {
			return []string(v)
		}
	case flow.Applications:
		if len(v) > 1 {
			return strings.Split(v.String(), ",")
		}
	case []netip.Prefix:
		list := make([]string, len(v))
		for i, prefix := range v {
			list[i] = prefix.String()
		}
		return list
	case generator.Components:
		if v != generator.BIC {
			return int(v)
		}
	}
	return f.text()
}
