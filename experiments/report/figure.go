// Package report shows what a run came to: report.html, one file that opens
// without a network, and the figures and tables in it.
//
// [Load] reads the files of a run folder as [Data], and [Write] writes the page of
// them. A [Figure] is drawn by a function like [CDF], [Rate] or [Trigrams], a
// [Table] is made by one like [Scores] or [TrafficTable], and [VerdictOf] puts
// scores into words. [Traffic] is one packet table of a run: counts of all its
// packets, and flows to draw distributions from.
//
// Everything is made from the files of a run folder, so a notebook can show the
// same figures with the same functions. Figures are drawn by gonum/plot as SVG.
// The real data are always dark and solid, the synthetic data orange and
// dashed; no meaning hangs on colour alone (palette of Okabe and Ito, Color
// Universal Design, 2008).
package report

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is one picture: panels below each other under one title and legend.
type Figure struct {
	Name    string // file name without its ending
	Title   string
	Caption string // one sentence on how to read it

	width, height vg.Length
	panels        []*plot.Plot
	legend        []key
}

// key is an entry of the legend.
type key struct {
	text   string
	style  draw.LineStyle
	filled bool // a box in place of a line
}

// newFigure is a figure of the usual size without a legend.
func newFigure(name, title, caption string, panels ...*plot.Plot) *Figure {
	return &Figure{Name: name, Title: title, Caption: caption, width: 460, height: 290, panels: panels}
}

// WriteSVG writes the figure as an SVG file. The same figure gives the same bytes.
func (f *Figure) WriteSVG(w io.Writer) error {
	_, err := fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n%s", f.svg())
	return err
}

// svg is the picture as an element that scales with the page. Its letters fall
// back to fonts of the same widths where Liberation Sans is not installed.
func (f *Figure) svg() string {
	c := vgsvg.NewWith(vgsvg.UseWH(f.width, f.height))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "" // a buffer takes everything
	}
	_, body, _ := strings.Cut(b.String(), "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n")
	body = strings.ReplaceAll(body, "font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;", "")
	body = strings.ReplaceAll(body, "font-family:Liberation Sans;font-variant:normal;font-weight:bold;font-style:normal;", "font-weight:bold;")
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%gpt\" height=\"%gpt\" role=\"img\" "+
		"font-family=\"'Liberation Sans',Arial,Helvetica,sans-serif\">\n<title>%s</title>\n%s",
		f.width.Points(), f.height.Points(), f.width.Points(), f.height.Points(), html.EscapeString(f.Title), body)
}

const (
	titleSize = 12.5
	textSize  = 10.5
	margin    = vg.Length(6)
)

var (
	ink   = color.RGBA{0x22, 0x22, 0x22, 0xff}
	muted = color.RGBA{0x55, 0x55, 0x55, 0xff}
	grid  = color.RGBA{0xe2, 0xe2, 0xe2, 0xff}
)

func textStyle(size vg.Length, c color.Color) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	return draw.TextStyle{Color: c, Font: font.From(f, size), Handler: plot.DefaultTextHandler}
}

// draw puts the title and the legend above the panels.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	title := textStyle(titleSize, ink)
	title.YAlign = draw.YTop
	c.FillText(title, vg.Point{X: c.Min.X, Y: c.Max.Y}, f.Title)
	c.Max.Y -= titleSize + 6
	if len(f.legend) > 0 {
		f.drawLegend(&c)
	}
	height := (c.Max.Y - c.Min.Y) / vg.Length(len(f.panels))
	for i, p := range f.panels {
		panel := c
		panel.Max.Y = c.Max.Y - vg.Length(i)*height
		panel.Min.Y = panel.Max.Y - height
		p.Draw(panel)
	}
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
		if k.filled {
			box := vg.Rectangle{Min: vg.Point{X: x + 6, Y: y - 4}, Max: vg.Point{X: x + sample, Y: y + 4}}
			c.SetColor(k.style.Color)
			c.Fill(box.Path())
		} else {
			c.StrokeLine2(k.style, x, y, x+sample, y)
		}
		c.FillText(style, vg.Point{X: x + sample + 4, Y: y}, k.text)
		x += width + space
	}
	c.Max.Y -= row + 4
}

// newPanel is a plot in the house style: light grid, readable numbers.
func newPanel(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		label, ticks := textStyle(textSize, ink), textStyle(textSize, muted)
		label.XAlign, label.YAlign = axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign
		ticks.XAlign, ticks.YAlign = axis.Tick.Label.XAlign, axis.Tick.Label.YAlign
		axis.Label.TextStyle, axis.Tick.Label = label, ticks
		axis.Label.Padding = 3
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = muted, muted
		axis.Tick.Length = 4
		axis.Padding = 0
		axis.Tick.Marker = linearTicks{}
	}
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(gridLines{})
	return p
}

// gridLines draws a line at every labelled tick.
type gridLines struct{}

// Plot implements plot.Plotter.
func (gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: grid, Width: 0.6}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" && t.Value >= p.X.Min && t.Value <= p.X.Max {
			c.StrokeLine2(style, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
			c.StrokeLine2(style, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}
