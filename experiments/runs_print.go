package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

// listed are the scores that the list has columns for, where a run has them.
var listed = []fidelity.Definition{{Level: "classifier", Name: "C2ST flow"}, {Level: "classifier", Name: "C2ST window"}, {Level: "copying", Name: "copied flows"}}

// printRuns prints a table of runs. The scores of conditions have columns of their own.
func (c *command) printRuns(infos []runInfo, conditions []fidelity.Condition) error {
	columns := slices.Clone(listed)
	for _, condition := range conditions {
		shown := func(d fidelity.Definition) bool { return d.Level == condition.Level && d.Name == condition.Name }
		if !slices.ContainsFunc(columns, shown) {
			columns = append(columns, condition.Definition)
		}
	}
	t := runTable{heads: []string{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "GENERATOR"}}
	for _, d := range columns {
		t.heads = append(t.heads, d.Name)
	}
	t.heads = append(t.heads, "TAGS")
	for _, info := range infos {
		t.rows = append(t.rows, info.row(columns))
	}
	if width := c.terminalColumns(); width > 0 {
		if dropped := t.fit(width); len(dropped) > 0 {
			defer c.say("not shown, for want of columns: " + strings.Join(dropped, ", ") + " (--json has all)")
		}
	}
	return printTable(c.out, t.heads, t.rows)
}

// row returns the cells of a run in the table, with the scores of columns.
func (info *runInfo) row(columns []fidelity.Definition) []string {
	row := []string{info.Experiment + "/" + info.ID, cmp.Or(info.Name, "-"), string(info.Status), info.Started.Local().Format("2006-01-02 15:04"), "-", info.Generator}
	if info.Seconds > 0 {
		row[4] = run.Seconds(info.Seconds)
	}
	for _, d := range columns {
		var value *float64
		if s := d.In(info.all); s != nil {
			value = s.Value
		}
		row = append(row, decimal(value))
	}
	return append(row, strings.Join(info.Tags, " "))
}
