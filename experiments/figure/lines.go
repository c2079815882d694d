package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Line is values over an axis.
type Line struct {
	Side      int // its look: 0 is the real one
	Name      string
	X, Y      []float64
	Low, High []float64 // ends of the interval of each value; nil: none
	Band      bool      // the intervals are one filled area along the line
	Dots      bool      // values are marked and not joined, in a pale colour if they have no intervals
}

// Rule is a place on an axis that a figure marks with a line across, and what is there.
type Rule struct {
	At   float64
	Name string
}

// Axis says what an axis shows and how.
type Axis struct {
	Label string
	Scale Scale    // "" is Linear
	Whole bool     // of something that is counted: ticks are whole numbers
	Marks bool     // of lines over it: each value has a mark
	Names []string // of the places 0, 1, ... where they are no numbers
	Rules []Rule   // places that are marked, each with an entry in the legend
}

// Lines draws lines over one axis. On a logarithmic one values of 0 and less are
// left out; values that are not finite always are.
func Lines(title string, x Axis, y string, lines ...Line) (*Figure, error) {
	p := newPanel(x.Label, y)
	p.X.Tick.Marker = linearTicks{whole: x.Whole}
	setScale(&p.X, x.Scale)
	if len(x.Names) > 0 {
		p.X.Tick.Marker = constantTicks(x.Names)
	}
	f := newFigure("lines", title, p)
	for _, l := range lines {
		points, bars := l.on(x.Scale)
		if len(points) == 0 {
			return nil, fmt.Errorf("figure: %s: %s: %w", title, l.Name, ErrNoValues)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("figure: %s: %s: %w", title, l.Name, err)
		}
		line.LineStyle = look(l.Side)
		if l.Dots && len(bars) == 0 {
			line.Color = faint(line.Color)
		}
		if l.Band {
			p.Add(band{points, bars, faint(line.Color)})
			bars = nil
		}
		if !l.Dots {
			p.Add(line)
		}
		if x.Marks || l.Dots || len(bars) > 0 {
			p.Add(marks{points, bars, line.LineStyle, l.Dots && len(bars) == 0})
		}
		f.legend = append(f.legend, key{text: l.Name, style: line.LineStyle, filled: l.Dots})
	}
	f.addRules(x)
	widen(&p.Y, 0.05)
	switch {
	case len(x.Names) > 0:
		widen(&p.X, 0.1)
	case slices.ContainsFunc(lines, func(l Line) bool { return l.Dots }):
		widen(&p.X, 0.04)
	case x.Scale != "" && x.Scale != Linear:
		widen(&p.X, 0.02)
	}
	return f, nil
}

// addRules marks the places of an axis in the figure's only panel.
func (f *Figure) addRules(x Axis) {
	style := draw.LineStyle{Color: muted, Width: 1, Dashes: []vg.Length{2, 2}}
	for _, r := range x.Rules {
		f.panels[0].Add(rule{x.Scale.place(r.At), style})
		f.legend = append(f.legend, key{text: r.Name, style: style})
	}
}

// on returns the points that an axis can show and their intervals, if it has some.
func (l *Line) on(scale Scale) (points plotter.XYs, bars [][2]float64) {
	for i, x := range l.X {
		y := l.Y[i]
		x = scale.place(x)
		if math.IsNaN(x) || math.IsInf(x, 0) || math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		points = append(points, plotter.XY{X: x, Y: y})
		if l.Low != nil {
			bars = append(bars, [2]float64{l.Low[i], l.High[i]})
		}
	}
	return points, bars
}

// band is the area between the ends of intervals, which are not numbers where a point has
// none.
type band struct {
	points plotter.XYs
	ends   [][2]float64 // of the interval of each point
	color  color.Color
}

// DataRange implements plot.DataRanger.
func (b band) DataRange() (xmin, xmax, ymin, ymax float64) {
	return marks{points: b.points, bars: b.ends}.DataRange()
}

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var upper, lower []vg.Point
	for i, at := range b.points {
		if low, high := b.ends[i][0], b.ends[i][1]; !math.IsNaN(low) && !math.IsNaN(high) {
			upper, lower = append(upper, vg.Point{X: x(at.X), Y: y(high)}), append(lower, vg.Point{X: x(at.X), Y: y(low)})
		}
	}
	slices.Reverse(lower)
	c.FillPolygon(b.color, append(upper, lower...))
}

// rule is a line across a panel at one place of its horizontal axis.
type rule struct {
	at    float64
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (r rule) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	c.StrokeLine2(r.style, x(r.at), c.Min.Y, x(r.at), c.Max.Y)
}

// marks are discs at points, with their intervals.
type marks struct {
	points plotter.XYs
	bars   [][2]float64
	style  draw.LineStyle
	large  bool // to be seen beside other marks
}

// DataRange implements plot.DataRanger.
func (m marks) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = plotter.XYRange(m.points)
	for _, b := range m.bars {
		if !math.IsNaN(b[0]) && !math.IsNaN(b[1]) {
			ymin, ymax = min(ymin, b[0]), max(ymax, b[1])
		}
	}
	return xmin, xmax, ymin, ymax
}

// Plot implements plot.Plotter.
func (m marks) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	whisker := draw.LineStyle{Color: m.style.Color, Width: 1}
	radius := vg.Length(2.2)
	if m.large {
		radius = 4
	}
	for i, at := range m.points {
		c.DrawGlyph(draw.GlyphStyle{Color: m.style.Color, Radius: radius, Shape: draw.CircleGlyph{}}, vg.Point{X: x(at.X), Y: y(at.Y)})
		if i < len(m.bars) {
			low, high := y(m.bars[i][0]), y(m.bars[i][1])
			c.StrokeLine2(whisker, x(at.X), low, x(at.X), high)
			c.StrokeLine2(whisker, x(at.X)-2.5, low, x(at.X)+2.5, low)
			c.StrokeLine2(whisker, x(at.X)-2.5, high, x(at.X)+2.5, high)
		}
	}
}
