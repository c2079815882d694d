package comparison

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/page"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

//go:embed page.html
var pageText string

//go:embed page.css
var rules string

var pageTemplate = template.Must(template.New("comparison").Funcs(template.FuncMap{
	"style":    page.Style,
	"rules":    Style,
	"svg":      func(f *figure.Figure) template.HTML { return template.HTML(f.Element()) },
	"decimal":  Decimal,
	"interval": report.Interval,
	"took":     Took,
	"short":    short,
	"columns":  func(c *Comparison, scores []Score) scoreTable { return scoreTable{c.Runs, scores} },
	"missing":  func(text string) string { return strings.TrimSuffix(text, ".") },
}).Parse(pageText))

// Page writes the comparison as one HTML page that refers to nothing outside and runs
// no script. It has the colours that the reader's system asks for, light or dark.
func (c *Comparison) Page(w io.Writer) error {
	if err := pageTemplate.Execute(w, c); err != nil {
		return fmt.Errorf("comparison: %w", err)
	}
	return nil
}

// Body writes what stands in the page's main element, for a page that has the rules of
// page.Style and [Style].
func (c *Comparison) Body(w io.Writer) error {
	if err := pageTemplate.ExecuteTemplate(w, "body", c); err != nil {
		return fmt.Errorf("comparison: %w", err)
	}
	return nil
}

// Style returns the rules of the body beside those of page.Style.
func Style() template.CSS { return template.CSS(rules) }

// scoreTable is a table of scores of the page.
type scoreTable struct {
	Runs   []Run
	Scores []Score
}

// Noted reports whether a run has a note.
func (c *Comparison) Noted() bool {
	return slices.ContainsFunc(c.Runs, func(r Run) bool { return r.Note != "" })
}

// Took writes how long a run has taken, a dash for one that has not finished.
func Took(seconds float64) string {
	if seconds == 0 {
		return "–"
	}
	return run.Seconds(seconds)
}

// short returns what a run is called with the first 7 digits of its id: the head of a
// column of a page, whose first table has it in full.
func short(name string) string {
	if experiment, id, ok := strings.Cut(name, "/"); ok {
		return experiment + "/" + id[:min(len(id), 7)]
	}
	return name
}

// Markdown writes the comparison as tables.
func (c *Comparison) Markdown(w io.Writer) error {
	var b strings.Builder
	rule := "|" + strings.Repeat("---:|", len(c.Runs))
	heads := c.names()
	b.WriteString("# Runs side by side\n\n| run | folder | status | took | note |\n|---|---|---|---:|---|\n")
	for _, r := range c.Runs {
		b.WriteString(line(r.Name, r.Dir, string(r.Status), Took(r.Seconds), r.Note))
	}
	if len(c.Settings) > 0 {
		b.WriteString("\n## Settings that differ\n\n" + line(append([]string{"key"}, heads...)...) + "|---" + strings.Repeat("|---", len(c.Runs)) + "|\n")
		for _, s := range c.Settings {
			b.WriteString(line(append([]string{s.Key}, s.Values...)...))
		}
	}
	if len(c.Scores) > 0 {
		b.WriteString("\n## Scores\n\n" + line(append(append([]string{"score"}, heads...), "real")...) + "|---" + rule + "---:|\n")
		for _, s := range c.Scores {
			b.WriteString(line(append(append([]string{s.Application + " " + s.Name}, s.marked("**")...), s.Floor())...))
		}
	}
	if len(c.Losses) > 0 {
		b.WriteString("\n## Losses at the end of training\n\n" + line(append([]string{"loss"}, heads...)...) + "|---" + rule + "\n")
		for _, l := range c.Losses {
			b.WriteString(line(append([]string{l.Metric}, decimals(l.Values)...)...))
		}
	}
	for _, text := range c.Missing {
		b.WriteString("\nMissing: " + text + ".\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line is a row of a table in Markdown.
func line(cells ...string) string {
	escaped := make([]string, len(cells))
	for i, cell := range cells {
		escaped[i] = strings.ReplaceAll(strings.ReplaceAll(cell, "|", `\|`), "\n", " ")
	}
	return "| " + strings.Join(escaped, " | ") + " |\n"
}

// names are the names of the runs.
func (c *Comparison) names() []string {
	var names []string
	for _, r := range c.Runs {
		names = append(names, r.Name)
	}
	return names
}

// marked are the values of a score, the best between two marks.
func (s *Score) marked(mark string) []string {
	texts := decimals(s.Values)
	for i, best := range s.Best {
		if best {
			texts[i] = mark + texts[i] + mark
		}
	}
	return texts
}

// decimals writes numbers as Decimal does.
func decimals(values []*float64) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = Decimal(v)
	}
	return texts
}
