package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/page"
)

// The files of the page.
var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
	//go:embed page.md
	markdownText string
)

var (
	pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{"markup": markup}).Parse(pageText))

	markdownTemplate = texttemplate.Must(texttemplate.New("report").Funcs(texttemplate.FuncMap{"lines": lines}).Parse(markdownText))
)

// document is what both forms of the report show, in their order. The template of the
// page escapes every string.
type document struct {
	Title, About  string
	Style         template.CSS
	Verdicts      []verdictView
	Learnt        Table // of several applications
	Missing       []string
	Legend        []legendEntry
	Grades        []gradeMeaning
	Scores        []applicationView
	Figures       []figureGroup
	Inputs        Table
	Traffic       Table
	Sampled       string
	Levels        []levelMeanings
	Caveats       []string
	Warnings      []string
	Repairs       Table
	Tshark        []TsharkLine
	Stages        Table
	Command, Same string
	Versions      Table
	Artifacts     Table
	Settings      []string
	Folder        string
}

// verdictView is the verdict of an application.
type verdictView struct {
	Application string // empty where there is only one
	Open        bool   // its points are not folded
	Verdict
}

// figureGroup is figures under one heading.
type figureGroup struct {
	Heading string
	List    []figureView
}

// figureView is a figure: an element of the page, or the name of its file.
type figureView struct{ *figure.Figure }

// SVG is the figure as an element; it is drawn only where the template asks for it.
func (v figureView) SVG() template.HTML { return template.HTML(v.Element()) }

// document gathers what the report shows.
func (a *Data) document() (*document, error) {
	m := a.Manifest
	settings, err := settingsOf(m.Config)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	d := &document{
		Title: subject(m, applications(a.Scores)), About: about(m), Style: page.Style() + template.CSS(pageStyle),
		Legend: stripLegend(a.Scores), Grades: gradeMeanings(),
		Figures: figureGroups(a.allFigures()), Inputs: a.inputTable(), Traffic: a.trafficTable(), Sampled: a.sampled(),
		Levels: levelMeaningsOf(a.Scores), Caveats: a.caveats(), Warnings: m.Warnings, Repairs: a.repairTable(), Tshark: a.Tshark(),
		Stages: stageTable(m), Command: command(m), Same: same(m), Versions: versionTable(m), Artifacts: artifactTable(m),
		Settings: settings, Folder: "runs/" + m.Experiment + "/" + m.ID,
	}
	d.Learnt = a.learnt()
	d.Missing = a.Missing
	names := applications(a.Scores)
	for i, app := range names {
		name := app
		switch {
		case len(names) == 1:
			name = ""
		case app == "all":
			name = "All applications"
		}
		d.Verdicts = append(d.Verdicts, verdictView{name, i == 0, VerdictOf(a.Scores, app)})
		d.Scores = append(d.Scores, applicationView{Application: name, Open: i == 0, Levels: levelViews(a.Scores, app)})
	}
	return d, nil
}

// Write writes the report as one HTML page that refers to nothing outside and runs no
// script. It has the colours that the reader's system asks for, light or dark.
func Write(w io.Writer, a *Data) error { return a.execute(pageTemplate, w) }

// WriteMarkdown writes what [Write] does as Markdown, in the same order. Its figures are
// the files that [Data.WriteFigures] writes beside it.
func WriteMarkdown(w io.Writer, a *Data) error { return a.execute(markdownTemplate, w) }

// execute writes the report in the form of a template.
func (a *Data) execute(form interface{ Execute(io.Writer, any) error }, w io.Writer) error {
	d, err := a.document()
	if err == nil {
		err = form.Execute(w, d)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Page is one form of the report: a file of the run folder, and what writes it.
type Page struct {
	Name  string
	Write func(w io.Writer, a *Data) error
}

// Pages are the forms of the report that a run has.
func Pages() []Page { return []Page{{"report.html", Write}, {"report.md", WriteMarkdown}} }

// isPage reports whether a file of a run is a form of its report.
func isPage(name string) bool {
	return slices.ContainsFunc(Pages(), func(p Page) bool { return p.Name == name })
}

// figureGroups puts the figures of traffic before those of the models.
func figureGroups(figures []*figure.Figure) []figureGroup {
	groups := []figureGroup{{Heading: "Real and synthetic, side by side"}, {Heading: "What the models learnt"}}
	for _, f := range figures {
		at := 0
		if f.Name == "mixture" || strings.HasPrefix(f.Name, "training_") {
			at = 1
		}
		groups[at].List = append(groups[at].List, figureView{f})
	}
	var some []figureGroup
	for _, g := range groups {
		if len(g.List) > 0 {
			some = append(some, g)
		}
	}
	return some
}

// markup is a table as an element of the page, nothing if it has no rows.
func markup(t Table) (template.HTML, error) {
	var b strings.Builder
	if len(t.Rows) == 0 {
		return "", nil
	}
	err := t.WriteHTML(&b)
	return template.HTML(b.String()), err
}

// lines is a table as Markdown, nothing if it has no rows.
func lines(t Table) (string, error) {
	var b strings.Builder
	if len(t.Rows) == 0 {
		return "", nil
	}
	err := t.WriteMarkdown(&b)
	return b.String(), err
}
