package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Override returns the experiment with assignments of the form key=value applied
// in their order and checked with Validate and Ready. Values are typed by their key; lists are
// separated by commas. All problems are reported at once, each a *Problem or an
// error that names the nearest key.
func (e Experiment) Override(assignments ...string) (Experiment, error) {
	e, err := e.override(assignments)
	if err == nil {
		err = e.Ready()
	}
	if err != nil {
		return Experiment{}, err
	}
	return e, nil
}

// override is Override of an experiment that may lack data to learn from.
func (e Experiment) override(assignments []string) (Experiment, error) {
	e = e.clone()
	var problems []error
	for _, assignment := range assignments {
		if err := e.assign(assignment); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return Experiment{}, errors.Join(problems...)
	}
	return e, e.Validate()
}

// assign applies one key=value.
func (e *Experiment) assign(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return fmt.Errorf("override %q: want key=value, like seed=2", assignment)
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	f, err := e.find(key)
	if err != nil {
		return fmt.Errorf("override %q: %w", assignment, err)
	}
	if err := f.setText(value); err != nil {
		return &Problem{Key: key, Value: fmt.Sprintf("%q", value), Want: err.Error()}
	}
	return nil
}

// find is the field with the key.
func (e *Experiment) find(key string) (field, error) {
	all := fields(e)
	if i := slices.IndexFunc(all, func(f field) bool { return f.key == key }); i >= 0 {
		return all[i], nil
	}
	for _, f := range all {
		if strings.HasPrefix(f.key, key+".") {
			return field{}, fmt.Errorf("%q is a table: set one of its keys, like %s", key, f.key)
		}
	}
	return field{}, fmt.Errorf("unknown key %q%s", key, suggestion(key, Keys()))
}

// Value is the value of a dotted key, as it would be written in an override.
func (e Experiment) Value(key string) (string, error) {
	f, err := e.find(key)
	if err != nil {
		return "", fmt.Errorf("config: %w", err)
	}
	return f.text(), nil
}

// clone copies what an assignment to the copy could reach.
func (e Experiment) clone() Experiment {
	e.Data.Path = slices.Clone(e.Data.Path)
	e.VAE.Hidden = slices.Clone(e.VAE.Hidden)
	e.Generate.Addresses = slices.Clone(e.Generate.Addresses)
	return e
}
