package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
)

// printScores prints all scores as a table, or as JSON.
func (c *command) printScores(scores []fidelity.Score) error {
	if c.json {
		return printJSON(c.out, scores)
	}
	baselines := map[string]bool{}
	for _, s := range scores {
		for name := range s.Baselines {
			baselines[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(baselines))
	heads := append([]string{"APPLICATION", "LEVEL", "SCORE", "VALUE", "95 %", "FLOOR"}, names...)
	var rows [][]string
	for _, s := range scores {
		row := append([]string{s.Application, s.Level, s.Score}, numbers(s, names)...)
		rows = append(rows, append(row, s.Note))
	}
	return printTable(c.out, append(heads, ""), rows)
}

// numbers returns a score, its interval, its floor and those of the named baselines as text.
func numbers(s fidelity.Score, baselines []string) []string {
	texts := []string{decimal(s.Value), report.Interval(s.Interval), decimal(s.Floor)}
	for _, name := range baselines {
		texts = append(texts, decimal(s.Baselines[name]))
	}
	return texts
}

// decimal returns a score as text, "-" for one that could not be computed.
func decimal(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}

// printClosing prints the scores that a run ends with, unless only its folder is
// asked for.
func (c *command) printClosing(m *run.Manifest) error {
	if c.quiet || c.json {
		return nil
	}
	scores, err := report.ReadScores(m)
	if err != nil {
		return err
	}
	closing := fidelity.Closing(scores)
	of := func(name string) int { // the first score of an application, by which it is in its place
		return slices.IndexFunc(closing, func(s fidelity.Score) bool { return s.Application == name })
	}
	slices.SortStableFunc(closing, func(a, b fidelity.Score) int { return of(a.Application) - of(b.Application) })
	heads, rows := []string{"SCORE", "VALUE", "95 %", "FLOOR", "MARKOV", "BOOTSTRAP"}, [][]string(nil)
	if len(closing) > 0 && closing[0].Application != closing[len(closing)-1].Application {
		heads = append(heads, "OF")
	}
	for _, s := range closing {
		row := append([]string{s.Level + " " + s.Score}, numbers(s, []string{baseline.MarkovName, baseline.BootstrapName})...)
		if len(heads) > len(row) {
			row = append(row, s.Application)
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(c.out)
	if err := printTable(c.out, heads, rows); err != nil {
		return err
	}
	return printLine(c.out, "")
}
