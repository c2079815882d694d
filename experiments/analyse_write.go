package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// writeAnalyses writes the page of results, their numbers and their figures into a
// folder, which is made if it is missing.
func (c *command) writeAnalyses(folder, title string, real analysis.Side, generated []analysis.Side, results []*analysis.Result) error {
	figures := filepath.Join(folder, "figures")
	if err := os.MkdirAll(figures, 0o777); err != nil {
		return fmt.Errorf("analyse: --out: %w", err)
	}
	page := func(w io.Writer) error { return analysis.Write(w, title, real, generated, results) }
	if err := atomicfile.Write(filepath.Join(folder, "analysis.html"), page); err != nil {
		return fmt.Errorf("analyse: %w", err)
	}
	numbers := func(w io.Writer) error { return printJSON(w, results) }
	if err := atomicfile.Write(filepath.Join(folder, "analysis.json"), numbers); err != nil {
		return fmt.Errorf("analyse: %w", err)
	}
	err := analysis.WriteFigures(results, func(name string, content func(io.Writer) error) error {
		return atomicfile.Write(filepath.Join(figures, name), content)
	})
	if err != nil {
		return err
	}
	c.say(filepath.Join(folder, "analysis.html"))
	return nil
}

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
		if r.Absent != "" {
			continue
		}
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
			fmt.Fprintf(c.out, "  left out: %s\n", text)
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

// listAnalyses prints the list of analyses.
func (c *command) listAnalyses() error {
	type entry struct {
		ID        string   `json:"id"`
		Name      string   `json:"name"`
		Meaning   string   `json:"meaning"`
		Needs     []string `json:"needs"`
		Corrected string   `json:"corrected,omitempty"`
	}
	var list []entry
	var rows [][]string
	for _, a := range analysis.List() {
		list = append(list, entry{a.ID, a.Name, a.Meaning, a.Needs(), a.Corrected})
		rows = append(rows, []string{a.ID, a.Name, strings.Join(a.Needs(), ", "), a.Meaning})
	}
	if c.json {
		return printJSON(c.out, list)
	}
	return printTable(c.out, []string{"ID", "NAME", "NEEDS", "WHAT"}, rows)
}
