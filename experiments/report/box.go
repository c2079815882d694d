package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// box is a distribution as a horizontal box: quartiles and median, whiskers from
// the 5th to the 95th percentile.
type box struct {
	at     int // place on the y axis
	side   int // 0 real, 1 synthetic below it
	sorted []float64
}

func (b box) quantile(proportion float64) float64 {
	return b.sorted[int(proportion*float64(len(b.sorted)-1)+0.5)]
}

type boxes []box

// Plot implements plot.Plotter.
func (all boxes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, b := range all {
		middle := float64(b.at) + 0.19 - 0.38*float64(b.side)
		line := look(b.side)
		line.Dashes, line.Width = nil, 1.2
		c.StrokeLine2(line, x(b.quantile(0.05)), y(middle), x(b.quantile(0.95)), y(middle))
		frame := vg.Rectangle{Min: vg.Point{X: x(b.quantile(0.25)), Y: y(middle - 0.15)}, Max: vg.Point{X: x(b.quantile(0.75)), Y: y(middle + 0.15)}}
		c.SetColor(color.Color(faint(line.Color)))
		c.Fill(frame.Path())
		c.SetLineStyle(line)
		c.Stroke(frame.Path())
		line.Width = 2.2
		c.StrokeLine2(line, x(b.quantile(0.5)), y(middle-0.15), x(b.quantile(0.5)), y(middle+0.15))
	}
}
