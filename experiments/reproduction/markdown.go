package reproduction

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// columns are the heads of the table.
var columns = []string{"score", "published", "authors' output", "paper, here", "sampled, here", "Markov", "real"}

// values are the texts of a row's columns behind its name.
func (r *Row) values() []string {
	return []string{decimal(r.Published), decimal(r.Authors), decimal(r.Paper), decimal(r.Sampled), decimal(r.Markov), decimal(r.Floor)}
}

// decimal writes a score with three digits behind the point, a dash for none.
func decimal(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}

// Commands are the command lines that make the runs of a set.
func (s *Set) Commands() []string {
	return []string{"go run ./experiments run " + s.Paper, "go run ./experiments run " + s.Sampled}
}

// Markdown writes all results as tables, one for each set.
func Markdown(w io.Writer, results []*Result) error {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "## %s\n\n", r.Set.Title)
		if len(r.Rows) == 0 {
			fmt.Fprintf(&b, "Not at hand: %s.\n\n", r.Why)
			continue
		}
		fmt.Fprintf(&b, "| %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---:|", len(columns)-1))
		for i := range r.Rows {
			fmt.Fprintf(&b, "| %s %s | %s |\n", r.Rows[i].Level, r.Rows[i].Score, strings.Join(r.Rows[i].values(), " | "))
		}
		fmt.Fprintf(&b, "\n`%s`\n\n", strings.Join(r.Set.Commands(), "`, `"))
		if r.Why != "" {
			fmt.Fprintf(&b, "%s.\n\n", r.Why)
		}
		for _, n := range r.Set.Numbers {
			if n.Score == "" {
				fmt.Fprintf(&b, "Published beside it: %s, %.3f (%s).\n\n", n.What, n.Value, n.Source)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
