package report

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Scale says how an axis shows values.
type Scale string

// The scales of an axis.
const (
	Linear     Scale = "linear"
	Log        Scale = "log"      // values are positive; 0 and less are left out
	LogSeconds Scale = "log time" // as Log, labelled with units of time
)

// looks are the looks of series in their order: real data first, synthetic second.
var looks = []draw.LineStyle{
	{Color: ink, Width: 1.8},
	{Color: color.RGBA{0xd5, 0x5e, 0x00, 0xff}, Width: 1.8, Dashes: []vg.Length{5, 2.5}},
	{Color: color.RGBA{0x00, 0x72, 0xb2, 0xff}, Width: 1.4, Dashes: []vg.Length{1.5, 2}},
	{Color: color.RGBA{0x00, 0x9e, 0x73, 0xff}, Width: 1.4, Dashes: []vg.Length{8, 2, 1.5, 2}},
}

// look is the look of series i; the last look serves all beyond.
func look(i int) draw.LineStyle { return looks[min(i, len(looks)-1)] }

// ErrNoValues is the error of a figure that has nothing to show.
var ErrNoValues = errors.New("no values")

// CDF draws the distribution functions of real and synthetic values: at each
// value the proportion that is not above it.
func CDF(title, axis string, scale Scale, real, synthetic []float64) (*Figure, error) {
	names, sides := [2]string{"real", "synthetic"}, [2][]float64{real, synthetic}
	p := newPanel(axis, "share of values up to here")
	p.Y.Min, p.Y.Max = 0, 1
	f := newFigure("cdf", title, "", p)
	low, high := math.Inf(1), math.Inf(-1)
	var sorted [2][]float64
	for i := range sides {
		sorted[i] = scaled(sides[i], scale)
		if len(sorted[i]) == 0 {
			return nil, fmt.Errorf("report: %s of %s: %w", title, names[i], ErrNoValues)
		}
		low, high = min(low, sorted[i][0]), max(high, sorted[i][len(sorted[i])-1])
	}
	if low == high {
		low, high = low-0.5, high+0.5
	}
	pad := (high - low) * 0.02
	setScale(p, scale, low-pad, high+pad)
	for i := range sides {
		line, err := plotter.NewLine(steps(sorted[i], low-pad, high+pad))
		if err != nil {
			return nil, fmt.Errorf("report: %s of %s: %w", title, names[i], err)
		}
		line.LineStyle = look(i)
		p.Add(line)
		f.legend = append(f.legend, key{text: fmt.Sprintf("%s (%s)", names[i], thousands(len(sides[i]))), style: look(i)})
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low-pad, high+pad, 0, 1
	return f, nil
}

// scaled copies the values onto the axis, sorted.
func scaled(values []float64, scale Scale) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if scale != Linear {
			if v <= 0 {
				continue
			}
			v = math.Log10(v)
		}
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
		}
	}
	slices.Sort(kept)
	return kept
}

// setScale gives the x axis its range and its kind of ticks.
func setScale(p *plot.Plot, scale Scale, low, high float64) {
	p.X.Min, p.X.Max = low, high
	switch scale {
	case Log:
		p.X.Tick.Marker = logTicks{short}
	case LogSeconds:
		p.X.Tick.Marker = logTicks{seconds}
	}
}

// maxSteps is how many steps of a distribution function are drawn: more than
// the picture has points across.
const maxSteps = 600

// steps is the distribution function of sorted values as a line from low to
// high. Of many values it takes evenly spaced quantiles.
func steps(sorted []float64, low, high float64) plotter.XYs {
	n := len(sorted)
	points := plotter.XYs{{X: low, Y: 0}}
	every := max(1, n/maxSteps)
	for i := 0; i < n; {
		j := i
		for j < n && (sorted[j] == sorted[i] || j-i < every) {
			j++
		}
		for j < n && sorted[j] == sorted[j-1] {
			j++
		}
		at := sorted[j-1]
		points = append(points, plotter.XY{X: at, Y: points[len(points)-1].Y}, plotter.XY{X: at, Y: float64(j) / float64(n)})
		i = j
	}
	return append(points, plotter.XY{X: high, Y: 1})
}

// thousands writes a whole number with commas.
func thousands[N int | int64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
