package main

import (
	"strings"

	"github.com/necstgen/necstgen/experiments/analysis"
)

// printAnalyses prints the short table of numbers and what does not apply, or all
// numbers as JSON.
func (c *command) printAnalyses(results []*analysis.Result) error {
	if c.json {
		return printJSON(c.out, results)
	}
	if c.quiet {
		return nil
	}
	for _, r := range results {
		if r.Absent == "" {
			if err := c.printAnalysis(r); err != nil {
				return err
			}
		}
	}
	for _, r := range results {
		if r.Absent == "" {
			continue
		}
		if err := printLine(c.out, "%s %s does not apply: %s", r.ID, r.Name, r.Absent); err != nil {
			return err
		}
	}
	return nil
}

// printAnalysis prints the short table of one result.
func (c *command) printAnalysis(r *analysis.Result) error {
	if err := printLine(c.out, "%s %s: %s", r.ID, r.Name, r.Title); err != nil {
		return err
	}
	var rows [][]string
	for _, m := range r.Measures {
		if !m.Short {
			continue
		}
		row := []string{"", m.Quantity, m.Statistic}
		for _, v := range m.Values {
			row = append(row, strings.ReplaceAll(analysis.Text(v.Value), "–", "-"))
		}
		rows = append(rows, append(row, m.Unit))
	}
	heads := append([]string{"", "QUANTITY", "STATISTIC"}, r.Sides...)
	if err := printTable(c.out, append(heads, "UNIT"), rows); err != nil {
		return err
	}
	for _, text := range r.LeftOut {
		if err := printLine(c.out, "  left out: %s", text); err != nil {
			return err
		}
	}
	return nil
}
