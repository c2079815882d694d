package figure

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// box is a distribution as a horizontal box: quartiles and median, whiskers from
// the 5th to the 95th percentile.
type box struct {
	at     int // place on the y axis
	place  int // among so many sides, the first on top
	sides  int
	side   int // its look
	sorted []float64
}

// quantile returns the value at a proportion of the sorted values.
func (b box) quantile(proportion float64) float64 {
	return b.sorted[int(proportion*float64(len(b.sorted)-1)+0.5)]
}

// boxes draws all boxes of a panel.
type boxes []box

// Plot implements plot.Plotter.
func (all boxes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, b := range all {
		high := 0.8 / float64(max(2, b.sides))
		middle := float64(b.at) + high*(float64(max(2, b.sides)-1)/2-float64(b.place))
		line := look(b.side)
		line.Dashes, line.Width = nil, 1.2
		c.StrokeLine2(line, x(b.quantile(0.05)), y(middle), x(b.quantile(0.95)), y(middle))
		frame := vg.Rectangle{Min: vg.Point{X: x(b.quantile(0.25)), Y: y(middle - high*0.38)}, Max: vg.Point{X: x(b.quantile(0.75)), Y: y(middle + high*0.38)}}
		c.SetColor(faint(line.Color))
		c.Fill(frame.Path())
		c.SetLineStyle(line)
		c.Stroke(frame.Path())
		line.Width = 2.2
		c.StrokeLine2(line, x(b.quantile(0.5)), frame.Min.Y, x(b.quantile(0.5)), frame.Max.Y)
	}
}
