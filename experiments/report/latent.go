package report

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Latent is latent.json: points of the latent space and the mixture fitted on
// them. Only the first two dimensions are drawn.
type Latent struct {
	Points      [][]float64   `json:"points"` // [n][dimensions], at least 2
	Labels      []int         `json:"labels"` // component of each point
	Weights     []float64     `json:"weights"`
	Means       [][]float64   `json:"means"`       // [components][dimensions]
	Covariances [][][]float64 `json:"covariances"` // [components][dimensions][dimensions]
}

// check reports the first thing that does not fit together.
func (l *Latent) check() error {
	if len(l.Points) == 0 {
		return ErrNoValues
	}
	if len(l.Labels) != len(l.Points) {
		return fmt.Errorf("%d labels for %d points", len(l.Labels), len(l.Points))
	}
	if len(l.Covariances) != len(l.Means) || len(l.Weights) != len(l.Means) {
		return fmt.Errorf("%d weights, %d means, %d covariances: want the same number", len(l.Weights), len(l.Means), len(l.Covariances))
	}
	for i, p := range l.Points {
		if len(p) < 2 {
			return fmt.Errorf("point %d has %d dimensions: want at least 2", i, len(p))
		}
	}
	for k, m := range l.Means {
		if len(m) < 2 || len(l.Covariances[k]) < 2 || len(l.Covariances[k][0]) < 2 || len(l.Covariances[k][1]) < 2 {
			return fmt.Errorf("component %d: want a mean and a covariance matrix of at least 2 dimensions", k)
		}
	}
	return nil
}

// maxPoints is how many latent points are drawn.
const maxPoints = 2500

// palette is Okabe and Ito's without black and yellow; more components than
// colours repeat them, and their numbers stand in the picture.
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
}

// LatentSpace draws the latent points of packets, coloured by their component,
// and each component's ellipse at two standard deviations with its number.
func LatentSpace(title string, l *Latent) (*Figure, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("report: %s: %w", title, err)
	}
	p := newPanel("first latent dimension", "second latent dimension")
	f := newFigure("latent", title, "", p)
	f.height = 440
	every := (len(l.Points) + maxPoints - 1) / maxPoints
	byLabel := make([]plotter.XYs, len(palette))
	for i := 0; i < len(l.Points); i += every {
		k := max(0, l.Labels[i]) % len(palette)
		byLabel[k] = append(byLabel[k], plotter.XY{X: l.Points[i][0], Y: l.Points[i][1]})
	}
	for k, points := range byLabel {
		if len(points) > 0 {
			p.Add(dots{points, palette[k]})
		}
	}
	for k := range l.Means {
		line, err := plotter.NewLine(ellipse(l.Means[k], l.Covariances[k]))
		if err != nil {
			return nil, fmt.Errorf("report: %s: component %d: %w", title, k, err)
		}
		line.LineStyle = draw.LineStyle{Color: darker(palette[k%len(palette)]), Width: 1.3}
		p.Add(line)
	}
	var tags numbers
	for k, m := range l.Means {
		tags = append(tags, tag{m[0], m[1], fmt.Sprint(k), l.Weights[k]})
	}
	p.Add(tags)
	pad := func(low, high *float64) {
		d := max((*high-*low)*0.04, 1e-9)
		*low, *high = *low-d, *high+d
	}
	pad(&p.X.Min, &p.X.Max)
	pad(&p.Y.Min, &p.Y.Max)
	return f, nil
}

// ellipse is where the Mahalanobis distance from the mean is 2, in the first two
// dimensions: the mean plus 2 L (cos t, sin t) with L the Cholesky factor.
func ellipse(mean []float64, covariance [][]float64) plotter.XYs {
	a := math.Sqrt(max(0, covariance[0][0]))
	var b float64
	if a > 0 {
		b = covariance[1][0] / a
	}
	d := math.Sqrt(max(0, covariance[1][1]-b*b))
	const points = 72
	line := make(plotter.XYs, points+1)
	for i := range line {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / points)
		line[i] = plotter.XY{X: mean[0] + 2*a*cos, Y: mean[1] + 2*(b*cos+d*sin)}
	}
	return line
}

func darker(c color.RGBA) color.RGBA {
	return color.RGBA{uint8(int(c.R) * 7 / 10), uint8(int(c.G) * 7 / 10), uint8(int(c.B) * 7 / 10), 0xff}
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

type tag struct {
	x, y   float64
	text   string
	weight float64
}

// numbers writes the components' numbers on white, the heaviest first; one that
// would cover another is left out.
type numbers []tag

// Plot implements plot.Plotter.
func (n numbers) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := textStyle(textSize, ink)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	var taken []vg.Rectangle
	for _, t := range heaviestFirst(n) {
		at := vg.Point{X: x(t.x), Y: y(t.y)}
		w := style.Width(t.text)/2 + 2.5
		box := vg.Rectangle{Min: vg.Point{X: at.X - w, Y: at.Y - 6}, Max: vg.Point{X: at.X + w, Y: at.Y + 6}}
		if overlapsAny(box, taken) {
			continue
		}
		taken = append(taken, box)
		c.SetColor(color.White)
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
