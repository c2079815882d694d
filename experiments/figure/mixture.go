package figure

import (
	"cmp"
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Component is a Gaussian of a mixture in two dimensions.
type Component struct {
	Weight     float64
	Mean       [2]float64
	Covariance [2][2]float64
}

// Mixture draws points, coloured by their component, and each component's ellipse
// at two standard deviations with its number. Components beyond the colours of the
// palette repeat them with points of another shape and ellipses of another dash; the
// numbers tell all apart.
func Mixture(title, x, y string, points [][2]float64, labels []int, components []Component) (*Figure, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	p := newPanel(x, y)
	f := newFigure("mixture", title, p)
	f.height = 410
	byLabel := map[int]plotter.XYs{}
	for _, i := range some(len(points)) {
		k := max(0, labels[i])
		byLabel[k] = append(byLabel[k], plotter.XY{X: points[i][0], Y: points[i][1]})
	}
	for _, k := range slices.Sorted(maps.Keys(byLabel)) {
		p.Add(dots{byLabel[k], palette[k%len(palette)], shapeOf(k)})
	}
	var tags numbers
	for k, c := range components {
		line, err := plotter.NewLine(c.ellipse())
		if err != nil {
			return nil, fmt.Errorf("figure: %s: component %d: %w", title, k, err)
		}
		dashes := [][]vg.Length{nil, {4, 2}, {1.5, 1.5}, {7, 2, 1.5, 2}}[k/len(palette)%4]
		line.LineStyle = draw.LineStyle{Color: darker(palette[k%len(palette)]), Width: 1.3, Dashes: dashes}
		p.Add(line)
		tags = append(tags, tag{c.Mean[0], c.Mean[1], fmt.Sprint(k), c.Weight})
	}
	p.Add(tags)
	widen(&p.X, 0.04)
	widen(&p.Y, 0.04)
	return f, nil
}

// ellipse returns the points at Mahalanobis distance 2 from the mean: the mean plus
// 2 L (cos t, sin t) with L the Cholesky factor of the covariance.
func (c *Component) ellipse() plotter.XYs {
	a := math.Sqrt(max(0, c.Covariance[0][0]))
	var b float64
	if a > 0 {
		b = c.Covariance[1][0] / a
	}
	d := math.Sqrt(max(0, c.Covariance[1][1]-b*b))
	const points = 72
	line := make(plotter.XYs, points+1)
	for i := range line {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / points)
		line[i] = plotter.XY{X: c.Mean[0] + 2*a*cos, Y: c.Mean[1] + 2*(b*cos+d*sin)}
	}
	return line
}

type tag struct {
	x, y   float64
	text   string
	weight float64
}

// numbers writes the components' numbers on the paper's colour, the heaviest first;
// one that would cover another is left out.
type numbers []tag

// Plot implements plot.Plotter.
func (n numbers) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := textStyle(textSize-1, ink)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	var taken []vg.Rectangle
	for _, t := range heaviestFirst(n) {
		at := vg.Point{X: x(t.x), Y: y(t.y)}
		w := style.Width(t.text)/2 + 1.5
		box := vg.Rectangle{Min: vg.Point{X: at.X - w, Y: at.Y - 5.5}, Max: vg.Point{X: at.X + w, Y: at.Y + 5.5}}
		if overlapsAny(box, taken) {
			continue
		}
		taken = append(taken, box)
		c.SetColor(paper)
		c.Fill(box.Path())
		c.FillText(style, at, t.text)
	}
}

func heaviestFirst(tags []tag) []tag {
	sorted := slices.Clone(tags)
	slices.SortStableFunc(sorted, func(a, b tag) int { return cmp.Compare(b.weight, a.weight) })
	return sorted
}

func overlapsAny(box vg.Rectangle, others []vg.Rectangle) bool {
	for _, o := range others {
		if box.Min.X < o.Max.X && o.Min.X < box.Max.X && box.Min.Y < o.Max.Y && o.Min.Y < box.Max.Y {
			return true
		}
	}
	return false
}

// Density draws how dense points are on a grid: rows from the least y to the
// greatest, each from the least x to the greatest. The greatest value is darkest.
func Density(title, x, y string, values [][]float64, low, high [2]float64) (*Figure, error) {
	p := newPanel(x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low[0], high[0], low[1], high[1]
	cells := cells{values: values, low: low, high: high}
	for _, row := range values {
		cells.most = max(cells.most, slices.Max(row))
	}
	if !(cells.most > 0) {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	p.Add(cells)
	f := newFigure("density", title, p)
	f.height = 360
	return f, nil
}

// cells draws a grid of values, darker where they are greater.
type cells struct {
	values    [][]float64
	low, high [2]float64
	most      float64
}

// Plot implements plot.Plotter.
func (g cells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	rows := len(g.values)
	for j, row := range g.values {
		for i, v := range row {
			part := v / g.most
			if part < 0.005 {
				continue
			}
			at := func(k, n, d int) float64 { return g.low[d] + (g.high[d]-g.low[d])*float64(k)/float64(n) }
			box := vg.Rectangle{Min: vg.Point{X: x(at(i, len(row), 0)), Y: y(at(j, rows, 1))}, Max: vg.Point{X: x(at(i+1, len(row), 0)), Y: y(at(j+1, rows, 1))}}
			c.SetColor(color.NRGBA{palette[1].R, palette[1].G, palette[1].B, uint8(255 * math.Sqrt(part))})
			c.Fill(box.Path())
		}
	}
}
