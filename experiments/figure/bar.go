package figure

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is the values of one side, one a category.
type Bar struct {
	Side      int // its look: 0 is the real one
	Name      string
	Values    []float64
	Low, High []float64 // ends of the interval of each value; nil: none
}

// Bars draws horizontal bars, the first category on top, and in each the sides in
// their order.
func Bars(title, axis string, categories []string, sides ...Bar) (*Figure, error) {
	if len(categories) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	f := newFigure("bars", title, barPanel(axis, categories, sides))
	f.legend = barLegend(sides)
	f.height = max(130, 75+vg.Length(len(categories)*max(2, len(sides)))*11)
	return f, nil
}

// barLegend names the sides of bars.
func barLegend(sides []Bar) (legend []key) {
	for _, s := range sides {
		legend = append(legend, key{text: s.Name, style: look(s.Side), filled: true})
	}
	return legend
}

// barPanel returns a panel of bars.
func barPanel(axis string, categories []string, sides []Bar) *plot.Plot {
	p := newPanel(axis, "")
	p.X.Max = 0
	for _, s := range sides {
		for i, v := range s.Values {
			if s.High != nil {
				v = max(v, s.High[i])
			}
			p.X.Max = max(p.X.Max, v*1.04)
		}
	}
	if p.X.Max == 0 {
		p.X.Max = 1
	}
	p.X.Min = 0
	setCategories(p, categories)
	p.Add(bars{len(categories), sides})
	return p
}

// setCategories labels the y axis with categories, the first on top.
func setCategories(p *plot.Plot, categories []string) {
	upwards := slices.Clone(categories)
	slices.Reverse(upwards)
	p.Y.Min, p.Y.Max = -0.6, float64(len(categories))-0.4
	p.Y.Tick.Marker = constantTicks(upwards)
	p.Y.Tick.Length = 0
}

// bars draws the bars of n categories.
type bars struct {
	n     int
	sides []Bar
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const all = 0.76 // of a category's height
	high := all / float64(len(b.sides))
	for k, side := range b.sides {
		for i, v := range side.Values {
			top := float64(b.n-1-i) + all/2 - float64(k)*high
			box := vg.Rectangle{Min: vg.Point{X: x(0), Y: y(top - high*0.92)}, Max: vg.Point{X: x(v), Y: y(top)}}
			c.SetColor(look(side.Side).Color)
			c.Fill(box.Path())
			if side.Low == nil {
				continue
			}
			middle := y(top - high*0.46)
			for _, line := range []draw.LineStyle{{Color: paper, Width: 2.6}, {Color: muted, Width: 1.1}} { // seen on any bar
				c.StrokeLine2(line, x(side.Low[i]), middle, x(side.High[i]), middle)
				for _, end := range []float64{side.Low[i], side.High[i]} {
					c.StrokeLine2(line, x(end), middle-2, x(end), middle+2)
				}
			}
		}
	}
}

// Spread is the values of one side, several a category.
type Spread struct {
	Side   int // its look: 0 is the real one
	Name   string
	Values [][]float64 // of each category, in any order; may be empty
}

// Boxes draws the distributions of categories as boxes: half of the values lie
// inside the box, the line in it is the median, and 90 % lie inside the whiskers.
// Bars of the same categories, if there are any, stand in a panel above.
func Boxes(title, axis string, categories []string, spreads []Spread, barAxis string, shares []Bar) (*Figure, error) {
	p := newPanel(axis, "")
	var all boxes
	for k, s := range spreads {
		for i, values := range s.Values {
			if len(values) > 0 {
				all = append(all, box{len(categories) - 1 - i, k, len(spreads), s.Side, slices.Sorted(slices.Values(values))})
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	p.X.Min, p.X.Max = all[0].quantile(0.05), all[0].quantile(0.95)
	for _, one := range all {
		p.X.Min, p.X.Max = min(p.X.Min, one.quantile(0.05)), max(p.X.Max, one.quantile(0.95))
	}
	widen(&p.X, 0.03)
	setCategories(p, categories)
	p.Add(all)
	f := newFigure("boxes", title, p)
	rows := vg.Length(len(categories) * max(2, len(spreads)))
	f.height = max(130, 70+rows*13)
	for _, s := range spreads {
		f.legend = append(f.legend, key{text: s.Name, style: look(s.Side), filled: true})
	}
	if len(shares) > 0 {
		f.panels = []*plot.Plot{barPanel(barAxis, categories, shares), p}
		f.height = max(190, 100+rows*24)
	}
	return f, nil
}
