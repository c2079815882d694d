package figure

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// newPanel returns a plot in the house style: light grid, readable numbers.
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
	title := textStyle(textSize, ink)
	title.XAlign, title.YAlign = p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign
	p.Title.TextStyle, p.Title.Padding = title, 3
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(gridLines{})
	return p
}

// gridLines draws a line at every labelled tick.
type gridLines struct{}

// Plot implements plot.Plotter.
func (gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var lines vg.Path // one for all: pages have many panels
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if t.Label != "" && t.Value >= p.X.Min && t.Value <= p.X.Max {
			lines.Move(vg.Point{X: x(t.Value), Y: c.Min.Y})
			lines.Line(vg.Point{X: x(t.Value), Y: c.Max.Y})
		}
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if t.Label != "" && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
			lines.Move(vg.Point{X: c.Min.X, Y: y(t.Value)})
			lines.Line(vg.Point{X: c.Max.X, Y: y(t.Value)})
		}
	}
	c.SetLineStyle(draw.LineStyle{Color: grid, Width: 0.6})
	c.Stroke(lines)
}

// widen moves the ends of an axis apart by a part of their distance, and apart at
// least by one where they are equal.
func widen(a *plot.Axis, part float64) {
	if a.Min == a.Max {
		a.Min, a.Max = a.Min-0.5, a.Max+0.5
	}
	d := (a.Max - a.Min) * part
	a.Min, a.Max = a.Min-d, a.Max+d
}
