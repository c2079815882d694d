// Package figure draws the pictures of reports, analyses and notebooks: vector
// graphics in one style, from plain numbers.
//
//	CDF       distribution functions of several sides
//	Lines     values over an axis, joined or not, with intervals where there are some
//	OverTime  rates over time, one panel a side
//	Bars      values of categories, with intervals where there are some
//	Rows      the same as marks on an axis that need not begin at 0
//	Boxes     distributions of categories
//	Clouds    points in two dimensions, one panel a side
//	Mixture   points of a latent space and the Gaussians fitted on them
//	Density   where points are dense
//	Matrix    a table of correlations
//
// A [Figure] is written as SVG, PNG or PDF, or stands in a page as an element whose
// colours the page may change for a dark background. The real data are always dark
// and solid, the first synthetic side orange and dashed, each further side has a
// colour and a dash of its own; no meaning hangs on colour alone (palette of Okabe
// and Ito, Color Universal Design, 2008).
//
// The package is the one importer of gonum/plot.
package figure

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// ErrNoValues is the error of a figure that has nothing to show.
var ErrNoValues = errors.New("no values")

// Figure is one picture: panels under one title and legend.
type Figure struct {
	Name    string // file name without its ending
	Title   string
	Caption string // one sentence on how to read it

	width, height vg.Length
	columns       int // of panels, filled row by row
	panels        []*plot.Plot
	legend        []key
}

// key is an entry of the legend.
type key struct {
	text   string
	style  draw.LineStyle
	filled bool  // a box in place of a line
	dot    *dots // a dot as that of a cloud in place of a line
}

// newFigure returns a figure of the usual size without a legend.
func newFigure(name, title string, panels ...*plot.Plot) *Figure {
	return &Figure{Name: name, Title: title, width: 400, height: 265, columns: 1, panels: panels}
}

// Tall reports whether the figure is higher than it is wide.
func (f *Figure) Tall() bool { return f.height > f.width }

// Width returns how wide the figure is on a page, in pixels of 1/96 inch.
func (f *Figure) Width() int { return int(f.width.Points()*96/72 + 0.5) }

// WriteSVG writes the figure as an SVG file. The same figure gives the same bytes.
func (f *Figure) WriteSVG(w io.Writer) error {
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n%s", f.svg())
	return err
}

// dotsPerInch is the resolution of PNG files: 400 points are 1,111 pixels.
const dotsPerInch = 200

// WritePNG writes the figure as a PNG file.
func (f *Figure) WritePNG(w io.Writer) error {
	c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dotsPerInch))}
	f.draw(draw.New(c))
	_, err := c.WriteTo(w)
	return err
}

// Formats are the kinds of files that a figure can be written as, by the endings of their
// names.
func Formats() []string { return []string{"svg", "png", "pdf"} }

// Write writes the figure in one of [Formats].
func (f *Figure) Write(w io.Writer, format string) error {
	switch format {
	case "svg":
		return f.WriteSVG(w)
	case "png":
		return f.WritePNG(w)
	case "pdf":
		return f.WritePDF(w)
	}
	return fmt.Errorf("figure: unknown format %q: want one of %s", format, strings.Join(Formats(), ", "))
}

// Element returns the figure as an element of an HTML page. Its colours are those
// of WriteSVG unless the page sets the variables that [Style] sets.
func (f *Figure) Element() string { return themed.Replace(f.svg()) }

// letters are the text elements of a picture.
var letters = regexp.MustCompile(`(?s)<text ([^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// fitted gives a text element the width that its letters have in Liberation Sans, so
// that they cover nothing where another font takes its place.
func fitted(element string) string {
	parts := letters.FindStringSubmatch(element)
	size, err := strconv.ParseFloat(parts[2], 64)
	if err != nil {
		return element
	}
	width := textStyle(vg.Length(size), ink).Width(html.UnescapeString(parts[3]))
	return fmt.Sprintf("<text textLength=\"%.4g\" lengthAdjust=\"spacingAndGlyphs\" %s>%s</text>", width.Points(), parts[1], parts[3])
}

// svg returns the picture as an element that scales with the page.
func (f *Figure) svg() string {
	c := vgsvg.NewWith(vgsvg.UseWH(f.width, f.height))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "" // a buffer takes everything
	}
	_, body, _ := strings.Cut(b.String(), "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n")
	body = strings.ReplaceAll(body, "font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;", "")
	body = shortened(letters.ReplaceAllStringFunc(body, fitted))
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%gpt\" height=\"%gpt\" role=\"img\" "+
		"font-family=\"'Liberation Sans',Arial,Helvetica,sans-serif\">\n<title>%s</title>\n%s%s",
		f.width.Points(), f.height.Points(), f.width.Points(), f.height.Points(), html.EscapeString(f.Title), f.description(), body)
}

// description is the caption as an element of the picture, for those who do not see it.
func (f *Figure) description() string {
	if f.Caption == "" {
		return ""
	}
	return "<desc>" + html.EscapeString(f.Caption) + "</desc>\n"
}

// draw puts the title and the legend above the panels.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	f.drawTitle(&c)
	if len(f.legend) > 0 {
		f.drawLegend(&c)
	}
	rows := (len(f.panels) + f.columns - 1) / f.columns
	width, height := (c.Max.X-c.Min.X)/vg.Length(f.columns), (c.Max.Y-c.Min.Y)/vg.Length(rows)
	for i, p := range f.panels {
		panel := c
		panel.Min.X = c.Min.X + vg.Length(i%f.columns)*width
		panel.Max.X = panel.Min.X + width
		panel.Max.Y = c.Max.Y - vg.Length(i/f.columns)*height
		panel.Min.Y = panel.Max.Y - height
		p.Draw(panel)
	}
}

// drawTitle writes the title in as many lines as it needs and takes their height off
// the canvas.
func (f *Figure) drawTitle(c *draw.Canvas) {
	style := textStyle(titleSize, ink)
	style.YAlign = draw.YTop
	for _, line := range wrapped(style, f.Title, c.Max.X-c.Min.X) {
		c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y}, line)
		c.Max.Y -= titleSize + 2
	}
	c.Max.Y -= 4
}

// wrapped breaks a text between words into lines no wider than width.
func wrapped(style draw.TextStyle, text string, width vg.Length) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && style.Width(longer) > width {
			lines, longer = append(lines, line), word
		}
		line = longer
	}
	return append(lines, line)
}

// drawLegend writes the entries in rows and takes their height off the canvas.
func (f *Figure) drawLegend(c *draw.Canvas) {
	const sample, space, row = vg.Length(22), vg.Length(14), vg.Length(textSize + 5)
	style := textStyle(textSize, ink)
	style.YAlign = draw.YCenter
	x := c.Min.X
	for _, k := range f.legend {
		width := sample + 4 + style.Width(k.text)
		if x > c.Min.X && x+width > c.Max.X {
			x = c.Min.X
			c.Max.Y -= row
		}
		y := c.Max.Y - row/2
		switch {
		case k.dot != nil:
			var path vg.Path
			k.dot.shape.add(&path, vg.Point{X: x + sample/2, Y: y}, markScale)
			c.SetColor(k.style.Color)
			c.Fill(path)
		case k.filled:
			box := vg.Rectangle{Min: vg.Point{X: x + 6, Y: y - 4}, Max: vg.Point{X: x + sample, Y: y + 4}}
			c.SetColor(k.style.Color)
			c.Fill(box.Path())
		default:
			c.StrokeLine2(k.style, x, y, x+sample, y)
		}
		c.FillText(style, vg.Point{X: x + sample + 4, Y: y}, k.text)
		x += width + space
	}
	c.Max.Y -= row + 4
}
