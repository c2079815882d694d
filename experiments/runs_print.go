package main

import (
	"cmp"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/run"
)

// printRuns prints a table of runs with these scores.
func (c *command) printRuns(runs []listing.Run, columns []fidelity.Definition) error {
	heads := []string{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "GENERATOR"}
	for _, d := range columns {
		heads = append(heads, d.Name)
	}
	heads = append(heads, "TAGS")
	var rows [][]string
	for _, r := range runs {
		row := []string{r.Experiment + "/" + r.ID, cmp.Or(r.Name, "-"), string(r.Status), r.Started.Local().Format("2006-01-02 15:04"), "-", r.Generator}
		if r.Seconds > 0 {
			row[4] = run.Seconds(r.Seconds)
		}
		for _, d := range columns {
			row = append(row, decimal(r.Score(d)))
		}
		rows = append(rows, append(row, strings.Join(r.Tags, " ")))
	}
	return printTable(c.out, heads, rows)
}
