package reproduction

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// columns are the columns behind a row's name.
var columns = []struct {
	head  string
	value func(*Row) *float64
}{
	{"published", func(r *Row) *float64 { return r.Published }},
	{"authors' output", func(r *Row) *float64 { return r.Authors }},
	{"paper, here", func(r *Row) *float64 { return r.Paper }},
	{"sampled, here", func(r *Row) *float64 { return r.Sampled }},
	{"Markov", func(r *Row) *float64 { return r.Markov }},
	{"real", func(r *Row) *float64 { return r.Floor }},
}

// compared are the columns of which the best is marked: all but those for orientation.
const compared = 4

// shown are the indices of the columns in which the result has a value.
func (r *Result) shown() []int {
	var shown []int
	for i, c := range columns {
		if slices.ContainsFunc(r.Rows, func(row Row) bool { return c.value(&row) != nil }) {
			shown = append(shown, i)
		}
	}
	return shown
}

// Heads are the heads of the columns in which the result has a value.
func (r *Result) Heads() []string {
	var heads []string
	for _, i := range r.shown() {
		heads = append(heads, columns[i].head)
	}
	return heads
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
		heads := r.Heads()
		fmt.Fprintf(&b, "| score | %s |\n|---|%s\n", strings.Join(heads, " | "), strings.Repeat("---:|", len(heads)))
		for i := range r.Rows {
			var texts []string
			for _, cell := range r.Cells(r.Rows[i]) {
				texts = append(texts, cell.marked())
			}
			fmt.Fprintf(&b, "| %s %s | %s |\n", r.Rows[i].Level, r.Rows[i].Score, strings.Join(texts, " | "))
		}
		fmt.Fprintf(&b, "\n`%s`\n\n", strings.Join(r.Set.Commands(), "`, `"))
		if r.Why != "" {
			fmt.Fprintf(&b, "%s.\n\n", r.Why)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
