package comparison

import "github.com/necstgen/necstgen/experiments/report"

// Tables returns what differs between the runs as tables: settings, the scores of
// [Comparison.Closing], the best marked with a star, and losses. Those without a row are
// left out.
func (c *Comparison) Tables() []report.Table {
	settings := c.table("Settings that differ", "setting")
	for _, s := range c.Settings {
		settings.Rows = append(settings.Rows, append([]string{s.Key}, s.Values...))
	}
	scores := c.table("Scores", "score", "real")
	for _, s := range c.Closing() {
		row := []string{s.Name}
		for i, v := range s.Values {
			row = append(row, Decimal(v)+map[bool]string{true: "*", false: " "}[s.Best[i]])
		}
		scores.Rows = append(scores.Rows, append(row, s.Floor()))
	}
	losses := c.table("Losses at the end of training", "loss")
	for _, l := range c.Losses {
		losses.Rows = append(losses.Rows, append([]string{l.Metric}, decimals(l.Values)...))
	}
	var tables []report.Table
	for _, t := range []report.Table{settings, scores, losses} {
		if len(t.Rows) > 0 {
			tables = append(tables, t)
		}
	}
	return tables
}

// table returns a table without rows, that has a column for each run behind the first.
func (c *Comparison) table(title, first string, last ...string) report.Table {
	t := report.Table{Title: title, Heads: append(append([]string{first}, c.names()...), last...), Right: []bool{false}}
	for range t.Heads[1:] {
		t.Right = append(t.Right, true)
	}
	return t
}
