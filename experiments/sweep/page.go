package sweep

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/page"
	"github.com/necstgen/necstgen/experiments/run"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("sweep").Funcs(template.FuncMap{
	"style":   page.Style,
	"svg":     func(f *figure.Figure) template.HTML { return template.HTML(f.Element()) },
	"decimal": comparison.Decimal,
	"seconds": run.Seconds,
	"values":  values,
	"list":    func(words []string) string { return strings.Join(words, ", ") },
	"missing": func(text string) string { return strings.TrimSuffix(text, ".") },
}).Parse(pageText))

// values are the values of assignments without their keys.
func values(assignments []string) []string {
	var list []string
	for _, assignment := range assignments {
		_, value, _ := strings.Cut(assignment, "=")
		list = append(list, value)
	}
	return list
}

// Keys are the swept keys other than the seed.
func (r *Report) Keys() []string {
	var list []string
	for _, a := range r.Sweep.Axes {
		if a.Key != seedKey {
			list = append(list, a.Key)
		}
	}
	return list
}

// Page writes the report as one HTML page that refers to nothing outside and runs no script.
// It has the colours that the reader's system asks for, light or dark.
func (r *Report) Page(w io.Writer) error {
	figures, err := r.Figures()
	if err != nil {
		return err
	}
	err = pageTemplate.Execute(w, struct {
		*Report
		Figures []*figure.Figure
	}{r, figures})
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// Markdown writes the report as tables.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Sweep %s of %s\n\n%d of %d points have finished.\n", r.Sweep.Ref(), r.Sweep.Experiment, r.Finished, r.Sweep.Len())
	if best := r.Best; best != nil {
		fmt.Fprintf(&b, "\nBest by %s: %s with %.3f, on average over its seeds %.3f.\n\n    %s\n", best.Rule, best.Point, best.Own, best.Mean, best.Command)
	}
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "\n%s: %d of %d points.\n", v.Headline, v.Points, r.Finished)
	}
	heads := append(append([]string{"score"}, r.Keys()...), "n", "mean", "deviation", "least", "greatest", "real")
	b.WriteString("\n" + line(heads...) + "|---" + strings.Repeat("|---:", len(heads)-1) + "|\n")
	for _, s := range r.Scores {
		for i, spread := range s.Spreads {
			mean := comparison.Decimal(spread.Mean)
			if spread.Nearest {
				mean = "**" + mean + "**"
			}
			row := append([]string{s.Name}, values(r.Combinations[i].Assignments)...)
			b.WriteString(line(append(row, fmt.Sprint(spread.N), mean, comparison.Decimal(spread.Deviation), comparison.Decimal(spread.Least), comparison.Decimal(spread.Greatest), comparison.Decimal(spread.Real))...))
		}
	}
	for _, text := range r.Missing {
		b.WriteString("\nMissing: " + text + ".\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line is a row of a table in Markdown.
func line(cells ...string) string {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(cell, "|", `\|`), "\n", " ")
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
