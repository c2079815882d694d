package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("report").Parse(pageText))

// page is what the template shows; every string is escaped there.
type page struct {
	Experiment, ID, About string
	Verdicts              []verdictView
	Missing               []string
	Sampled               string
	Inputs, Traffic       template.HTML
	Figures               []figureGroup
	Baselines             []baselineMark
	Scores                []applicationView
	Caveats, Warnings     []string
	Repairs               template.HTML
	Tshark                []TsharkLine
	Stages                template.HTML
	Command, Same         string
	Versions, Artifacts   template.HTML
	Config                string
}

type verdictView struct {
	Application string
	Verdict
}

type figureGroup struct {
	Heading string
	List    []figureView
}

type figureView struct {
	SVG     template.HTML
	Caption string
	Tall    bool // two rows high
}

type baselineMark struct {
	Mark template.HTML
	Name string
}

type applicationView struct {
	Application string // empty where there is only one
	Levels      []levelView
}

type levelView struct {
	Title, About string
	Scale        string // of the strips
	Graded       bool
	Baselines    []string
	Columns      int
	Rows         []rowView
}

type rowView struct {
	Name, Meaning string
	Strip         template.HTML
	Value, Floor  string
	Baselines     []string
	Grade, Note   string
}

// Write writes the report as one HTML page that refers to nothing outside.
func Write(w io.Writer, a *Data) error {
	m := a.Manifest
	config, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	p := page{
		Experiment: m.Experiment, ID: m.ID, About: about(m),
		Inputs: a.inputTable(), Traffic: a.trafficTable(),
		Figures: figureGroups(a.allFigures()),
		Caveats: a.caveats(), Warnings: m.Warnings, Repairs: a.repairTable(),
		Tshark: a.Tshark(),
		Stages: stageTable(m), Command: command(m), Same: same(m),
		Versions: versionTable(m), Artifacts: artifactTable(m),
		Config: string(config),
	}
	p.Missing, p.Sampled = a.Missing, a.sampled()
	names := applications(a.Scores)
	for _, app := range names {
		name := app
		if len(names) == 1 {
			name = ""
		}
		p.Verdicts = append(p.Verdicts, verdictView{name, VerdictOf(a.Scores, app)})
		p.Scores = append(p.Scores, applicationView{name, levelViews(a.Scores, app)})
	}
	p.Baselines = baselineMarks(a.Scores)
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// figureGroups puts the figures of traffic before those of the models.
func figureGroups(figures []*figure.Figure) []figureGroup {
	groups := []figureGroup{{Heading: "Real and synthetic, side by side"}, {Heading: "What the models learnt"}}
	for _, f := range figures {
		at := 0
		if f.Name == "mixture" || strings.HasPrefix(f.Name, "training_") {
			at = 1
		}
		groups[at].List = append(groups[at].List, figureView{template.HTML(f.Element()), f.Caption, f.Tall()})
	}
	return slices.DeleteFunc(groups, func(g figureGroup) bool { return len(g.List) == 0 })
}

// levelViews are the tables of scores of an application, a level each.
func levelViews(scores []fidelity.Score, application string) []levelView {
	var views []levelView
	for _, level := range levelTitles {
		v := levelView{Title: level.title, About: level.about, Scale: level.scale, Graded: level.level != "published"}
		for _, s := range scores {
			if s.Application != application || s.Level != level.level || strings.HasPrefix(s.Note, fidelity.NotApplicable) {
				continue
			}
			d, _ := definition(s)
			g := gradeOf(s)
			r := rowView{
				Name: s.Score, Meaning: d.Meaning, Strip: template.HTML(strip(s)),
				Value: formatScore(s.Value), Floor: formatScore(s.Floor),
				Note: s.Note,
			}
			if v.Graded {
				r.Grade = strings.TrimSpace(gradeMarks[g] + " " + string(g))
			}
			if s.FloorSpread != nil {
				r.Floor += " ± " + formatScore(s.FloorSpread)
			}
			v.Baselines = sortedKeys(s.Baselines)
			v.Columns = 5 + len(v.Baselines)
			for _, name := range v.Baselines {
				r.Baselines = append(r.Baselines, formatScore(s.Baselines[name]))
			}
			v.Rows = append(v.Rows, r)
		}
		if len(v.Rows) > 0 {
			v.hoist()
			views = append(views, v)
		}
	}
	return views
}

// hoist moves a note that most rows of a table have to the text above the table.
func (v *levelView) hoist() {
	count := map[string]int{}
	for _, r := range v.Rows {
		for part := range strings.SplitSeq(r.Note, "; ") {
			count[part]++
		}
	}
	delete(count, "")
	for i := range v.Rows {
		var own []string
		for part := range strings.SplitSeq(v.Rows[i].Note, "; ") {
			if count[part] < 3 || 2*count[part] < len(v.Rows) {
				own = append(own, part)
			}
		}
		v.Rows[i].Note = sentence(strings.Join(own, "; "))
	}
	for _, part := range sortedKeys(count) {
		if n := count[part]; n >= 3 && 2*n >= len(v.Rows) {
			v.About += " " + sentence(part)
		}
	}
}

// baselineMarks explain the marks of the baselines in the strips.
func baselineMarks(scores []fidelity.Score) []baselineMark {
	if len(scores) == 0 {
		return nil
	}
	var marks []baselineMark
	for i, name := range sortedKeys(scores[0].Baselines) {
		mark := `<path d="M8 4l5 5l-5 5l-5 -5z" fill="#fff" stroke="#0072B2" stroke-width="1.5"/>`
		if i%2 == 1 {
			mark = `<rect x="4" y="5" width="8" height="8" fill="#fff" stroke="#009E73" stroke-width="1.5"/>`
		}
		marks = append(marks, baselineMark{
			template.HTML(`<svg class="strip inline" width="16" height="18" aria-hidden="true">` + mark + `</svg>`), name + " baseline",
		})
	}
	return marks
}

// sentence makes a note a sentence.
func sentence(note string) string {
	if note == "" {
		return ""
	}
	return strings.ToUpper(note[:1]) + note[1:] + "."
}
