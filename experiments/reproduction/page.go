package reproduction

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/page"
	"github.com/necstgen/necstgen/experiments/run"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("paper").Funcs(template.FuncMap{
	"style": page.Style,
}).Parse(pageText))

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

// Figure is a figure of an analysis as the page shows it.
type Figure struct {
	SVG     template.HTML
	Caption string
}

// Panel is an analysis with its figures.
type Panel struct {
	ID, Meaning, Corrected string
	Figures                []Figure
}

// Panels are the analyses of the set that have figures.
func (r *Result) Panels() []Panel {
	var panels []Panel
	for _, a := range r.Analyses {
		if len(a.Figures) == 0 {
			continue
		}
		p := Panel{ID: a.ID, Meaning: a.Meaning, Corrected: a.Corrected}
		for _, f := range a.Figures {
			p.Figures = append(p.Figures, Figure{template.HTML(f.Element()), f.Caption})
		}
		panels = append(panels, p)
	}
	return panels
}

// Absent lists the analyses that do not apply to the set, with the reasons.
func (r *Result) Absent() []string {
	var absent []string
	for _, a := range r.Analyses {
		if a.Absent != "" {
			absent = append(absent, fmt.Sprintf("%s %s: %s", a.ID, a.Title, a.Absent))
		}
	}
	return absent
}

// Cell is a value of a row as the page shows it.
type Cell struct {
	Text  string
	Class string // "best" of the four, "worse" than the authors' output; empty: neither
}

// marked is the cell in Markdown: the best is bold.
func (c Cell) marked() string {
	if c.Class == "best" {
		return "**" + c.Text + "**"
	}
	return c.Text
}

// Cells are the values of a row in the columns that the result shows. Of those that are
// compared, the nearest to real traffic are marked.
func (r *Result) Cells(row Row) []Cell {
	values, floors := make([]*float64, compared), make([]*float64, compared)
	for i, c := range columns[:compared] {
		values[i], floors[i] = c.value(&row), row.Floor
	}
	best := comparison.Nearest(row.definition(), values, floors)
	var cells []Cell
	for _, i := range r.shown() {
		v := columns[i].value(&row)
		cell := Cell{Text: comparison.Decimal(v)}
		switch {
		case i < compared && best[i]:
			cell.Class = "best"
		case i < compared && row.Worse(v, row.Authors):
			cell.Class = "worse"
		}
		cells = append(cells, cell)
	}
	return cells
}
