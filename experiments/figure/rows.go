package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Rows draws the values of categories as marks with their intervals, the first category on
// top, and in each the sides in their order. Values and ends of intervals that are not
// numbers are left out.
func Rows(title, axis string, categories []string, sides ...Bar) (*Figure, error) {
	p := newPanel(axis, "")
	p.X.Min, p.X.Max = math.Inf(1), math.Inf(-1)
	for _, s := range sides {
		for _, list := range [][]float64{s.Values, s.Low, s.High} {
			for _, v := range list {
				if !math.IsNaN(v) {
					p.X.Min, p.X.Max = min(p.X.Min, v), max(p.X.Max, v)
				}
			}
		}
	}
	if p.X.Min > p.X.Max {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	widen(&p.X, 0.03)
	setCategories(p, categories)
	p.Add(rows{len(categories), sides})
	f := newFigure("rows", title, p)
	for k, s := range sides {
		f.legend = append(f.legend, key{text: s.Name, style: look(s.Side), dot: &dots{shape: markOf(k)}})
	}
	f.height = 75 + vg.Length(len(categories)*max(2, len(sides)))*8
	return f, nil
}

// markOf returns the shape of the marks of side k.
func markOf(k int) shape { return shape(k % int(shapes)) }

// rows draws the marks of n categories.
type rows struct {
	n     int
	sides []Bar
}

// Plot implements plot.Plotter.
func (r rows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const all = 0.72 // of a category's height
	for k, side := range r.sides {
		color := look(side.Side).Color
		for i, v := range side.Values {
			if math.IsNaN(v) {
				continue
			}
			at := y(float64(r.n-1-i) + all*(0.5-(float64(k)+0.5)/float64(len(r.sides))))
			if side.Low != nil && !math.IsNaN(side.Low[i]) && !math.IsNaN(side.High[i]) {
				c.StrokeLine2(draw.LineStyle{Color: color, Width: 1.4}, x(side.Low[i]), at, x(side.High[i]), at)
			}
			var path vg.Path
			markOf(k).add(&path, vg.Point{X: x(v), Y: at}, markScale)
			c.SetColor(color)
			c.Fill(path)
		}
	}
}
