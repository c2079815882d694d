package figure

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Cloud is points in two dimensions.
type Cloud struct {
	Side int // its look: 0 is the real one
	Name string
	X, Y []float64
}

// maxPoints is how many points of a cloud are drawn: every k-th of more.
const maxPoints = 2500

// on returns the points that are drawn.
func (c *Cloud) on() plotter.XYs {
	var points plotter.XYs
	every := (len(c.X) + maxPoints - 1) / maxPoints
	for i := 0; i < len(c.X); i += every {
		points = append(points, plotter.XY{X: c.X[i], Y: c.Y[i]})
	}
	return points
}

// Clouds draws points, one panel a side below each other, all with one scale.
func Clouds(title, x, y string, sides ...Cloud) (*Figure, error) {
	f := newFigure("clouds", title)
	for _, side := range sides {
		if len(side.X) == 0 {
			return nil, fmt.Errorf("figure: %s of %s: %w", title, side.Name, ErrNoValues)
		}
		p := newPanel("", y)
		p.Title.Text = fmt.Sprintf("%s (%s)", side.Name, Thousands(len(side.X)))
		p.Add(dots{side.on(), look(side.Side).Color})
		f.panels = append(f.panels, p)
	}
	if len(f.panels) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	first := *f.panels[0]
	for _, p := range f.panels {
		first.X.Min, first.X.Max = min(first.X.Min, p.X.Min), max(first.X.Max, p.X.Max)
		first.Y.Min, first.Y.Max = min(first.Y.Min, p.Y.Min), max(first.Y.Max, p.Y.Max)
	}
	widen(&first.X, 0.03)
	widen(&first.Y, 0.03)
	for _, p := range f.panels {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = first.X.Min, first.X.Max, first.Y.Min, first.Y.Max
	}
	f.panels[len(f.panels)-1].X.Label.Text = x
	f.height = 40 + 185*vg.Length(len(f.panels))
	return f, nil
}

// Coloured draws the clouds in one panel, each in a colour of its own.
func Coloured(title, x, y string, classes ...Cloud) (*Figure, error) {
	p := newPanel(x, y)
	f := newFigure("coloured", title, p)
	f.height = 360
	for i := range classes {
		if len(classes[i].X) == 0 {
			continue
		}
		c := palette[i%len(palette)]
		p.Add(dots{classes[i].on(), c})
		f.legend = append(f.legend, key{text: fmt.Sprintf("%s (%s)", classes[i].Name, Thousands(len(classes[i].X))), style: draw.LineStyle{Color: c}, filled: true})
	}
	if len(f.legend) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	widen(&p.X, 0.04)
	widen(&p.Y, 0.04)
	return f, nil
}

// dots draws small squares as one path.
type dots struct {
	points plotter.XYs
	color  color.Color
}

// DataRange implements plot.DataRanger.
func (d dots) DataRange() (xmin, xmax, ymin, ymax float64) { return plotter.XYRange(d.points) }

// Plot implements plot.Plotter.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const r = vg.Length(1.1)
	var path vg.Path
	for _, at := range d.points {
		px, py := x(at.X), y(at.Y)
		path.Move(vg.Point{X: px - r, Y: py - r})
		path.Line(vg.Point{X: px + r, Y: py - r})
		path.Line(vg.Point{X: px + r, Y: py + r})
		path.Line(vg.Point{X: px - r, Y: py + r})
		path.Close()
	}
	c.SetColor(d.color)
	c.Fill(path)
}
