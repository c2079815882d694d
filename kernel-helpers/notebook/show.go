package notebook

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
)

// Markdown is text that a notebook shows with its headings, lists and formulas.
type Markdown string

// Show shows figures, frames, tables, schemas of features, verdicts, Markdown, and whatever
// else as text. It may
// be given what a function returns, as in
//
//	notebook.Show(a.Figure("lengths"))
//
// An error among the things that is not nil ends the cell, as Check does, before anything
// is shown.
func Show(things ...any) {
	for _, thing := range things {
		if err, ok := thing.(error); ok {
			Check(err)
		}
	}
	for _, thing := range things {
		if thing == nil {
			continue // the error that there is not
		}
		c, err := contentOf(thing)
		Check(err)
		Check(display(c, ""))
	}
}

// Page is text with figures below it, all in one output. Its figures are seen while it is
// drawn, but not in a stored notebook that is not trusted: it is for what goes on.
type Page struct {
	Text    string
	Figures []*figure.Figure
}

// content is one output in the kinds that a notebook may show it in. Plain is always there.
type content struct {
	plain, html, markdown string
	svg                   string
	png                   []byte
	width                 int // of the picture on a page, in pixels
}

// shownRows is how many rows of a frame are shown.
const shownRows = 10

// contentOf returns a thing as an output.
func contentOf(thing any) (content, error) {
	switch thing := thing.(type) {
	case *figure.Figure:
		return figureContent(thing)
	case *frame.Groups:
		return contentOf(thing.Frame)
	case *frame.Frame:
		t := report.Table{}
		t.Heads, t.Right, t.Rows = thing.Cells(shownRows)
		if thing.Len() > shownRows {
			t.Title = fmt.Sprintf("The first %d of %s rows", shownRows, figure.Thousands(thing.Len()))
		}
		c, err := tableContent(t)
		c.plain = thing.String()
		if thing.Err() != nil {
			err = thing.Err()
		}
		return c, err
	case report.Table:
		return tableContent(thing)
	case *feature.Schema:
		return tableContent(schemaTable(thing))
	case Page:
		return pageContent(thing)
	case report.Verdict:
		return contentOf(Markdown(thing.Markdown()))
	case Markdown:
		return content{plain: string(thing), markdown: string(thing)}, nil
	}
	return content{plain: fmt.Sprintln(thing)}, nil
}

// schemaTable lists the columns of features with what was learnt of each: the range of a
// number, of exponents of ten where its scale is logarithmic, or the classes of a category.
func schemaTable(schema *feature.Schema) report.Table {
	t := report.Table{Heads: []string{"column", "kind", "scale", "least", "greatest", "classes"}, Right: []bool{false, false, false, true, true, true}}
	for _, c := range schema.Columns {
		row := []string{c.Name, string(c.Kind), string(c.Scale), fmt.Sprintf("%.4g", c.Lo), fmt.Sprintf("%.4g", c.Hi), ""}
		if c.Kind == feature.Category {
			row = []string{c.Name, string(c.Kind), "", "", "", fmt.Sprint(len(c.Classes))}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// figureContent returns a figure as both kinds of pictures, one for readers that show no
// vectors.
func figureContent(f *figure.Figure) (content, error) {
	var svg, png bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		return content{}, err
	}
	if err := f.WritePNG(&png); err != nil {
		return content{}, err
	}
	return content{plain: strings.TrimSpace(f.Title+"\n"+f.Caption) + "\n", svg: svg.String(), png: png.Bytes(), width: f.Width()}, nil
}

// pageContent returns text and figures as HTML that holds both.
func pageContent(p Page) (content, error) {
	page := "<pre>" + html.EscapeString(p.Text) + "</pre>\n"
	for _, f := range p.Figures {
		c, err := figureContent(f)
		if err != nil {
			return content{}, err
		}
		page += fmt.Sprintf("<img width=\"%d\" alt=\"%s\" src=\"data:image/png;base64,%s\">\n", c.width, html.EscapeString(f.Title), base64.StdEncoding.EncodeToString(c.png))
	}
	return content{plain: p.Text, html: page}, nil
}

// tableContent returns a table as HTML and as text.
func tableContent(t report.Table) (content, error) {
	var page, text strings.Builder
	if err := t.WriteHTML(&page); err != nil {
		return content{}, err
	}
	if t.Title != "" {
		fmt.Fprintln(&text, t.Title)
	}
	err := t.WriteText(&text)
	return content{plain: text.String(), html: page.String()}, err
}

// Check ends the cell with a box that says what went wrong and what would work, unless err
// is nil. The cell then counts as failed. It is for cells only: a package returns its
// errors.
func Check(err error) {
	if err == nil {
		return
	}
	Fail(1, "This did not work", err)
}

// Must returns the value of a function that may fail, or ends the cell as Check does.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Fail ends the cell, or the program, with an exit code and a box that says why.
func Fail(code int, title string, err error) {
	c := boxContent(title, err)
	if !IsCell() || display(c, "") != nil {
		fmt.Fprint(os.Stderr, c.plain)
	}
	os.Exit(code)
}
