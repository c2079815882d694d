package reproduction

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("paper").Funcs(template.FuncMap{"heads": func() []string { return columns }}).Parse(pageText))

// Page writes all results as one HTML page that refers to nothing outside.
func Page(w io.Writer, results []*Result) error {
	if err := pageTemplate.Execute(w, results); err != nil {
		return fmt.Errorf("reproduction: %w", err)
	}
	return nil
}

// About is the line above the table: what was scored, and what the runs have taken.
func (r *Result) About() string {
	var parts []string
	if r.Authors != "" {
		parts = append(parts, "The authors' output is "+filepath.Base(r.Authors)+".")
	}
	for i, name := range []string{"paper", "sampled"} {
		if r.Runs[i] != "" {
			parts = append(parts, fmt.Sprintf("The run of %s has taken %s.", name, run.Seconds(r.Seconds[i])))
		}
	}
	return strings.Join(parts, " ")
}

// Cell is a value of a row as the page shows it.
type Cell struct {
	Text  string
	Class string // "best" of the four, "worse" than the authors' output; empty: neither
}

// Cells are the values of the row.
func (r *Row) Cells() []Cell {
	values := []*float64{r.Published, r.Authors, r.Paper, r.Sampled, r.Markov, r.Floor}
	cells := make([]Cell, len(values))
	for i, text := range r.values() {
		cells[i].Text = text
	}
	best := -1
	for i, v := range values[:4] {
		if v != nil && (best < 0 || r.distance(*v) < r.distance(*values[best])) {
			best = i
		}
	}
	for i := range 4 {
		switch {
		case i == best:
			cells[i].Class = "best"
		case i >= 2 && r.Worse(values[i], r.Authors):
			cells[i].Class = "worse"
		}
	}
	return cells
}
