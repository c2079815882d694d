package main

import (
	"slices"

	"github.com/necstgen/necstgen/experiments/comparison"
)

// printComparison prints tables of what differs, of the closing scores and of losses,
// with an empty line between them.
func (c *command) printComparison(compared *comparison.Comparison) error {
	var names []string
	for _, r := range compared.Runs {
		names = append(names, r.Name)
	}
	var settings, scores, losses [][]string
	for _, s := range compared.Settings {
		settings = append(settings, append([]string{s.Key}, s.Values...))
	}
	for _, s := range compared.Closing() {
		row := []string{s.Name}
		for i, v := range s.Values {
			row = append(row, decimal(v)+map[bool]string{true: "*", false: " "}[s.Best[i]])
		}
		scores = append(scores, append(row, s.Floor()))
	}
	for _, l := range compared.Losses {
		row := []string{l.Metric}
		for _, v := range l.Values {
			row = append(row, decimal(v))
		}
		losses = append(losses, row)
	}
	tables := []struct {
		heads []string
		rows  [][]string
	}{
		{slices.Concat([]string{"SETTING"}, names), settings},
		{slices.Concat([]string{"SCORE"}, names, []string{"REAL"}), scores},
		{slices.Concat([]string{"LOSS"}, names), losses},
	}
	printed := false
	for _, t := range tables {
		if len(t.rows) == 0 {
			continue
		}
		if printed {
			if err := printLine(c.out, ""); err != nil {
				return err
			}
		}
		if err := printTable(c.out, t.heads, t.rows); err != nil {
			return err
		}
		printed = true
	}
	return nil
}
