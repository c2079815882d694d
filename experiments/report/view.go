package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// applicationView is the scores of one application.
type applicationView struct {
	Application string // empty where there is only one
	Open        bool   // it is not folded
	Levels      []levelView
}

// levelView is the scores of one level.
type levelView struct {
	Title, Tally string
	Notes        []string // what holds for most of its scores
	Open         bool     // it is not folded
	Graded       bool
	Baselines    []string
	Columns      int // of the table
	Rows         []rowView
}

// rowView is one score.
type rowView struct {
	Name, Meaning          string
	Strip                  template.HTML
	Value, Interval, Floor string
	Baselines              []cell
	Grade, Note            string
	Far                    bool
}

// cell is a value of a column with the name that it has where columns have no heads.
type cell struct{ Column, Value string }

// maxOpen is how many scores a level shows unless its reader opens it.
const maxOpen = 12

// levelViews are the scores of an application, a level each, in the order of the
// definitions. Scores that make no sense for the traffic are left out.
func levelViews(scores []fidelity.Score, application string) []levelView {
	var views []levelView
	for _, level := range levels() {
		var of []fidelity.Score
		for _, s := range scores {
			if s.Application == application && s.Level == level && !strings.HasPrefix(s.Note, fidelity.NotApplicable) {
				of = append(of, s)
			}
		}
		if len(of) == 0 {
			continue
		}
		v := levelView{Title: wordsOf(level).title, Graded: level != "published", Open: len(of) <= maxOpen, Baselines: baselinesOf(of)}
		for _, s := range of {
			v.Rows = append(v.Rows, viewScore(s, v.Baselines))
		}
		v.Tally, v.Columns = tally(of), 6+len(v.Baselines)
		v.hoist()
		views = append(views, v)
	}
	if len(views) == 1 {
		views[0].Open = true
	}
	return views
}

// viewScore is a score as a row.
func viewScore(s fidelity.Score, baselines []string) rowView {
	d, _ := definition(s)
	g := gradeOf(s)
	r := rowView{
		Name: s.Score, Meaning: d.Meaning, Strip: template.HTML(strip(s)), Value: formatScore(s.Value), Interval: Interval(s.Interval),
		Floor: formatScore(s.Floor), Grade: g.marked(), Far: g == farReal, Note: noteOf(s),
	}
	if g == ungraded {
		r.Grade = ""
	}
	if s.FloorSpread != nil {
		r.Floor += " ± " + formatScore(s.FloorSpread)
	}
	for _, name := range baselines {
		r.Baselines = append(r.Baselines, cell{name, formatScore(s.Baselines[name])})
	}
	return r
}

// tally counts the grades of scores, the best first.
func tally(scores []fidelity.Score) string {
	var parts []string
	for _, g := range []grade{asReal, nearReal, offReal, farReal} {
		n := 0
		for _, s := range scores {
			if gradeOf(s) == g {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s\u00a0%d\u00a0%s", gradeMarks[g], n, g))
		}
	}
	return strings.Join(parts, ", ")
}

// hoist moves a note that most scores of a level have from these to the level.
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
			v.Notes = append(v.Notes, sentence(part))
		}
	}
}

// sentence makes a note a sentence.
func sentence(note string) string {
	if note == "" {
		return ""
	}
	return upperFirst(note) + "."
}

// levelMeanings are what the scores of a level mean.
type levelMeanings struct {
	Title, About string
	List         []meaning
}

// meaning is what a score means.
type meaning struct{ Name, Meaning string }

// levelMeaningsOf lists what the scores mean that any application has.
func levelMeaningsOf(scores []fidelity.Score) []levelMeanings {
	shown := map[string]bool{}
	for _, s := range scores {
		if !strings.HasPrefix(s.Note, fidelity.NotApplicable) {
			shown[s.Level+"/"+s.Score] = true
		}
	}
	var all []levelMeanings
	for _, level := range levels() {
		words := wordsOf(level)
		l := levelMeanings{Title: words.title, About: words.about}
		for _, d := range fidelity.Definitions() {
			if d.Level == level && shown[level+"/"+d.Name] {
				l.List = append(l.List, meaning{d.Name, d.Meaning})
			}
		}
		if len(l.List) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// Table is the scores as a table without strips, as Markdown has it.
func (v levelView) Table() Table {
	t := Table{Heads: []string{"score", "synthetic", "95 %", "floor"}, Right: []bool{false, true, true, true}}
	for _, name := range v.Baselines {
		t.Heads, t.Right = append(t.Heads, name), append(t.Right, true)
	}
	t.Heads, t.Right = append(t.Heads, "grade", "note"), append(t.Right, false, false)
	for _, r := range v.Rows {
		row := []string{r.Name, r.Value, r.Interval, r.Floor}
		for _, c := range r.Baselines {
			row = append(row, c.Value)
		}
		t.Rows = append(t.Rows, append(row, r.Grade, r.Note))
	}
	return t
}
