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
	t := runTable{heads: []string{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "GENERATOR"}}
	for _, d := range columns {
		t.heads = append(t.heads, d.Name)
	}
	t.heads = append(t.heads, "TAGS")
	for _, r := range runs {
		t.rows = append(t.rows, runRow(r, columns))
	}
	if width := c.terminalColumns(); width > 0 {
		if dropped := t.fit(width); len(dropped) > 0 {
			text := "not shown, for want of columns: " + strings.Join(dropped, ", ") + " (--json has all)"
			defer c.say(strings.Join(wrap(text, width, "", "  "), "\n"))
		}
	}
	return printTable(c.out, t.heads, t.rows)
}

// runRow returns the cells of a run in the table, with the scores of columns.
func runRow(r listing.Run, columns []fidelity.Definition) []string {
	row := []string{r.Experiment + "/" + r.ID, cmp.Or(r.Name, "-"), string(r.Status), r.Started.Local().Format("2006-01-02 15:04"), "-", r.Generator}
	if r.Seconds > 0 {
		row[4] = run.Seconds(r.Seconds)
	}
	for _, d := range columns {
		row = append(row, decimal(r.Score(d)))
	}
	return append(row, strings.Join(r.Tags, " "))
}
