package main

import (
	"strings"

	"github.com/necstgen/necstgen/experiments/analysis"
)

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
