package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shape is what marks the points of a class: classes beyond the colours of the palette
// repeat these with another shape.
type shape int

// The shapes, in the order in which they are used.
const (
	square shape = iota
	triangle
	diamond
	cross
	shapes
)

// shapeOf returns the shape of the points of class i.
func shapeOf(i int) shape { return shape(i / len(palette) % int(shapes)) }

// markScale is how much larger than in a cloud the marks of legends and of single values are.
const markScale = 2.2

// radius is half the width of a square; the other shapes, which fill less of theirs, are
// larger.
const radius = vg.Length(1.1)

// dots draws points as one path of small shapes.
type dots struct {
	points plotter.XYs
	color  color.Color
	shape  shape
}

// DataRange implements plot.DataRanger.
func (d dots) DataRange() (xmin, xmax, ymin, ymax float64) { return plotter.XYRange(d.points) }

// Plot implements plot.Plotter.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var path vg.Path
	for _, at := range d.points {
		d.shape.add(&path, vg.Point{X: x(at.X), Y: y(at.Y)}, 1)
	}
	c.SetColor(d.color)
	c.Fill(path)
}

// outlines are the corners of the shapes in radii of a square.
var outlines = [shapes][]vg.Point{
	square:   {{X: -1, Y: -1}, {X: 1, Y: -1}, {X: 1, Y: 1}, {X: -1, Y: 1}},
	triangle: {{X: -1.6, Y: -1.2}, {X: 1.6, Y: -1.2}, {X: 0, Y: 1.6}},
	diamond:  {{X: -1.7, Y: 0}, {X: 0, Y: -1.7}, {X: 1.7, Y: 0}, {X: 0, Y: 1.7}},
	cross: {{X: -1.7, Y: -0.5}, {X: -0.5, Y: -0.5}, {X: -0.5, Y: -1.7}, {X: 0.5, Y: -1.7}, {X: 0.5, Y: -0.5}, {X: 1.7, Y: -0.5},
		{X: 1.7, Y: 0.5}, {X: 0.5, Y: 0.5}, {X: 0.5, Y: 1.7}, {X: -0.5, Y: 1.7}, {X: -0.5, Y: 0.5}, {X: -1.7, Y: 0.5}},
}

// add appends the shape around a point to a path, scale times as large as in a cloud.
func (s shape) add(path *vg.Path, at vg.Point, scale vg.Length) {
	for i, corner := range outlines[s] {
		to := vg.Point{X: at.X + corner.X*radius*scale, Y: at.Y + corner.Y*radius*scale}
		if i == 0 {
			path.Move(to)
		} else {
			path.Line(to)
		}
	}
	path.Close()
}
