package analysis

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/necstgen/necstgen/experiments/page"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("analysis").Parse(pageText))

// document is what the template shows; every string is escaped there.
type document struct {
	Title   string
	Style   template.CSS
	Sides   []sideView
	Results []resultView
	Absent  []absentView
}

type sideView struct{ Name, Flows, Packets, Bytes, Seconds, Note string }

type absentView struct{ ID, Title, Why string }

type resultView struct {
	ID, Name, Title, Meaning, Corrected string
	LeftOut                             []string
	Figures                             []figureView
	Short                               numbersView  // beside the figures
	Long                                *numbersView // nil: Short has all
}

// numbersView is a table of numbers.
type numbersView struct {
	Sides []string
	Rows  []rowView
}

// maxShort is how many rows stand beside the figures.
const maxShort = 14

type figureView struct {
	SVG     template.HTML
	Caption string
}

type rowView struct {
	Quantity, Statistic, Unit string
	Values                    []valueView
}

type valueView struct{ Value, Interval string }

// Write writes the results of sides as one HTML page that refers to nothing outside
// and runs no script. It has the colours that the reader's system asks for, light or
// dark, and is light on paper.
func Write(w io.Writer, title string, real Side, generated []Side, results []*Result) error {
	p := document{Title: title, Style: page.Style()}
	for _, s := range append([]Side{real}, generated...) {
		p.Sides = append(p.Sides, viewSide(&s))
	}
	for _, r := range results {
		if r.Absent != "" {
			p.Absent = append(p.Absent, absentView{r.ID, r.Title, r.Absent})
			continue
		}
		p.Results = append(p.Results, r.view())
	}
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	return nil
}

// viewSide says what is on a side.
func viewSide(s *Side) sideView {
	t := s.Traffic
	v := sideView{Name: s.Name, Flows: thousands(t.Flows), Packets: thousands(t.Packets), Bytes: thousands(t.Bytes), Seconds: fmt.Sprintf("%.1f", t.Seconds())}
	if t.Packets == 0 {
		v.Packets, v.Bytes, v.Note = "", "", "a table of flows"
	}
	if t.Timeline {
		v.Flows, v.Note = "", "one timeline without flows"
	}
	if needTimes.lack(s) != "" {
		v.Seconds, v.Note = "", needTimes.lack(s)
	}
	if part := t.Part(); part != "" {
		v.Note = "distributions are of " + part
	}
	return v
}

// view is the result as the page shows it.
func (r *Result) view() resultView {
	v := resultView{ID: r.ID, Name: r.Name, Title: r.Title, Meaning: r.Meaning, Corrected: r.Corrected, LeftOut: r.LeftOut}
	for _, f := range r.Figures {
		v.Figures = append(v.Figures, figureView{template.HTML(f.Element()), f.Caption})
	}
	v.Short.Sides = r.Sides
	all := numbersView{Sides: r.Sides}
	more := false
	for _, m := range r.Measures {
		row, interval := m.view()
		all.Rows, more = append(all.Rows, row), more || interval
		if m.Short && len(v.Short.Rows) < maxShort {
			v.Short.Rows = append(v.Short.Rows, row.plain())
		}
	}
	if more || len(all.Rows) > len(v.Short.Rows) {
		v.Long = &all
	}
	v.Short.fold()
	all.fold()
	return v
}

// fold leaves out a quantity that is that of the row above.
func (n *numbersView) fold() {
	for i := len(n.Rows) - 1; i > 0; i-- {
		if n.Rows[i].Quantity == n.Rows[i-1].Quantity {
			n.Rows[i].Quantity = ""
		}
	}
}

// view is the measure as a row of a table, and whether it has intervals.
func (m *Measure) view() (row rowView, interval bool) {
	row = rowView{Quantity: m.Quantity, Statistic: m.Statistic, Unit: m.Unit}
	for _, value := range m.Values {
		one := valueView{Value: Text(value.Value)}
		if value.Low != nil && value.High != nil {
			one.Interval, interval = Text(value.Low)+" to "+Text(value.High), true
		}
		row.Values = append(row.Values, one)
	}
	return row, interval
}

// plain is the row without its intervals, which figures show.
func (r rowView) plain() rowView {
	r.Values = slices.Clone(r.Values)
	for i := range r.Values {
		r.Values[i].Interval = ""
	}
	return r
}

// Text writes a number of a result with four digits, and nothing as a dash.
func Text(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v == math.Trunc(*v) && math.Abs(*v) < 1e15:
		return thousands(int64(*v))
	case math.Abs(*v) >= 1000:
		return thousands(int64(math.Round(*v)))
	}
	return strconv.FormatFloat(*v, 'g', 4, 64)
}

// WriteFigures writes every figure as NAME.svg and NAME.png; write creates the file
// of a name and fills it with what the function writes.
func WriteFigures(results []*Result, write func(name string, content func(io.Writer) error) error) error {
	for _, r := range results {
		for _, f := range r.Figures {
			if err := write(f.Name+".svg", f.WriteSVG); err != nil {
				return fmt.Errorf("analysis: %w", err)
			}
			if err := write(f.Name+".png", f.WritePNG); err != nil {
				return fmt.Errorf("analysis: %w", err)
			}
		}
	}
	return nil
}
