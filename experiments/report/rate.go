package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/plotter"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// maxRateBins is how many bins of time a rate is drawn with.
const maxRateBins = 230

// Rate draws the bytes a second of real and synthetic traffic over time, each from
// its own first packet, both with one scale and bins of a round width of at
// least a second. A synthetic capture that is much longer is cut.
func Rate(title string, real, synthetic *Traffic) (*Figure, error) {
	return overTime("rate", "bytes/s", title, real, synthetic, func(t *Traffic) *fidelity.Series { return &t.bytes })
}

// Starts is Rate for the flows that start each second.
func Starts(title string, real, synthetic *Traffic) (*Figure, error) {
	return overTime("starts", "flows/s", title, real, synthetic, func(t *Traffic) *fidelity.Series { return &t.starts })
}

// overTime draws a rate over time: the real one above, the synthetic one below.
func overTime(name, unit, title string, real, synthetic *Traffic, load func(t *Traffic) *fidelity.Series) (*Figure, error) {
	if real.Packets == 0 || synthetic.Packets == 0 {
		return nil, fmt.Errorf("report: %s: %w", title, ErrNoValues)
	}
	spanA, spanB := real.seconds(), synthetic.seconds()
	shared, note := max(spanA, spanB, 1), ""
	if spanB > 1.5*spanA && spanA > 0 {
		shared, note = max(spanA, 1), "; the synthetic capture goes on"
	}
	bin := max(1, roundStep(shared/maxRateBins, 1, 2, 5))
	f := newFigure(name, title, "")
	var greatest float64
	for i, side := range []struct {
		name string
		t    *Traffic
	}{{"real", real}, {"synthetic", synthetic}} {
		p := newPanel("", side.name+", "+unit)
		values := rates(load(side.t), side.t, bin, shared)
		points := make(plotter.XYs, 0, 2*len(values))
		for k, v := range values {
			greatest = max(greatest, v)
			points = append(points, plotter.XY{X: float64(k) * bin, Y: v}, plotter.XY{X: float64(k+1) * bin, Y: v})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("report: %s: %w", title, err)
		}
		line.LineStyle = look(i)
		line.Width, line.Dashes = 0.9, nil
		line.FillColor = faint(look(i).Color)
		p.Add(line)
		f.panels = append(f.panels, p)
	}
	for _, p := range f.panels {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, math.Ceil(shared/bin)*bin, 0, greatest*1.05
	}
	f.panels[1].X.Label.Text = fmt.Sprintf("seconds since the first packet, in bins of %s s%s", short(bin), note)
	return f, nil
}

// rates is a load in bins of so many seconds, a second, from the first packet to
// the last but no further than shared seconds.
func rates(load *fidelity.Series, t *Traffic, bin, shared float64) []float64 {
	width := int64(math.Round(bin * 1e9 / float64(loadBin)))
	first := binOf(t.First)
	n := min((binOf(t.Last)-first)/width+1, int64(math.Ceil(shared/bin)))
	sums := make([]float64, n)
	for at, value := range load.Window(first, n*width).All() {
		sums[at/width] += value / bin
	}
	return sums
}

// faint is a colour mixed with white, for areas.
func faint(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	mix := func(x uint32) uint8 { return uint8((x>>8 + 3*255) / 4) }
	return color.RGBA{mix(r), mix(g), mix(b), 0xff}
}
