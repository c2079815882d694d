package figure

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

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

// MaxPoints is how many points of a cloud are drawn: a random part of more, always the
// same, because every k-th may show one phase of what alternates. They take 15 kB.
const MaxPoints = 600

// some returns which of n points are drawn.
func some(n int) []int {
	if n <= MaxPoints {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return all
	}
	chosen := rand.New(rand.NewPCG(1, 1)).Perm(n)[:MaxPoints]
	slices.Sort(chosen)
	return chosen
}

// on returns the points that are drawn on axes of these scales, and of all points how
// many the axes can show.
func (c *Cloud) on(x, y Scale) (points plotter.XYs, shown int) {
	var kept plotter.XYs
	for i := range c.X {
		at := plotter.XY{X: x.place(c.X[i]), Y: y.place(c.Y[i])}
		if !math.IsNaN(at.X) && !math.IsInf(at.X, 0) && !math.IsNaN(at.Y) && !math.IsInf(at.Y, 0) {
			kept = append(kept, at)
		}
	}
	for _, i := range some(len(kept)) {
		points = append(points, kept[i])
	}
	return points, len(kept)
}

// entry names a cloud with the number of its points that axes can show, how many of these
// are drawn if not all, and how many values no logarithmic axis shows.
func (c *Cloud) entry(shown int) string {
	text := Thousands(shown)
	if shown > MaxPoints {
		text += fmt.Sprintf(", %s drawn", Thousands(MaxPoints))
	}
	if left := len(c.X) - shown; left > 0 {
		text += fmt.Sprintf(" and %s zeros", Thousands(left))
	}
	return fmt.Sprintf("%s (%s)", c.Name, text)
}

// Clouds draws points, one panel a side below each other, all with one scale. The
// title of a panel has the number of points, and how many a logarithmic axis leaves out.
func Clouds(title string, x, y Axis, sides ...Cloud) (*Figure, error) {
	f := newFigure("clouds", title)
	for _, side := range sides {
		points, shown := side.on(x.Scale, y.Scale)
		if shown == 0 {
			return nil, fmt.Errorf("figure: %s of %s: %w", title, side.Name, ErrNoValues)
		}
		p := newPanel("", y.Label)
		p.Title.Text = side.entry(shown)
		setScale(&p.X, x.Scale)
		setScale(&p.Y, y.Scale)
		p.Add(dots{points, look(side.Side).Color, square})
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
	f.panels[len(f.panels)-1].X.Label.Text = x.Label
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
		points, shown := classes[i].on(Linear, Linear)
		d := dots{points, palette[i%len(palette)], shapeOf(i)}
		p.Add(d)
		f.legend = append(f.legend, key{text: classes[i].entry(shown), style: draw.LineStyle{Color: d.color}, dot: &d})
	}
	if len(f.legend) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	widen(&p.X, 0.04)
	widen(&p.Y, 0.04)
	return f, nil
}
