package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/saved"
)

// weightsFlag is the value of --share: a proportion of the flows by the name of a run
// or of an application, like HTTP=0.7,DNS=0.3.
type weightsFlag map[string]float64

func (w *weightsFlag) Type() string { return "proportions" }

// String returns the proportions as Set reads them.
func (w *weightsFlag) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(*w)) {
		pairs = append(pairs, fmt.Sprintf("%s=%v", name, (*w)[name]))
	}
	return strings.Join(pairs, ",")
}

func (w *weightsFlag) Set(text string) error {
	if *w == nil {
		*w = weightsFlag{}
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		x, err := strconv.ParseFloat(value, 64)
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" || !(x > 0) || x > 1 {
			return errors.New("want a proportion above 0 and up to 1 of each run or application, like HTTP=0.7,DNS=0.3")
		}
		(*w)[name] = x
	}
	return nil
}

// weigh gives each part the weight that --share names for its run or its application.
func (w weightsFlag) weigh(runs []string, parts []saved.Part) error {
	var names []string
	for i := range parts {
		name := runs[i]
		if parts[i].Whole != nil {
			name = parts[i].Traffic.Application.String()
		}
		names = append(names, name)
	}
	known := strings.Join(names, ", ")
	for name, x := range w {
		found := 0
		for i := range parts {
			if runs[i] == name || strings.EqualFold(parts[i].Traffic.Application.String(), name) {
				parts[i].Weight = x
				found++
			}
		}
		if found != 1 {
			return usageError{fmt.Errorf("generate: --share %s: %d of the runs are called so or are of that application: want one of %s", name, found, known)}
		}
	}
	rest := 1.0
	for i := range parts {
		rest -= parts[i].Weight
	}
	for i := range parts {
		switch {
		case len(w) == 0 || parts[i].Weight > 0:
		case parts[i].Whole == nil:
			return usageError{fmt.Errorf("generate: --share: none for %s (%s): want proportions of all runs, or none", runs[i], parts[i].Traffic.Application)}
		case rest <= 0:
			return usageError{fmt.Errorf("generate: --share: nothing is left for %s: want proportions whose sum is below 1, or --only without it", parts[i].Traffic.Application)}
		}
	}
	saved.Share(parts, rest)
	return nil
}

// choose leaves the parts of --only.
func (o *generateOptions) choose(source *saved.Source) error {
	if o.only == "" {
		return nil
	}
	var apps flow.Applications
	err := apps.UnmarshalText([]byte(o.only))
	if err == nil && len(apps) == 0 {
		return nil // all
	}
	if err == nil {
		err = source.Only(apps)
	}
	if err != nil {
		return usageError{fmt.Errorf("generate: --only %s: %w", o.only, err)}
	}
	return nil
}

// namesOf returns for each part of a source the name by which its run was given.
func namesOf(refs []string, source *saved.Source) (names []string) {
	for i := range source.Parts {
		names = append(names, refs[source.Parts[i].Run])
	}
	return names
}
