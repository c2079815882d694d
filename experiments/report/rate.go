package report

import (
	"fmt"
	"image/color"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
	"gonum.org/v1/plot/plotter"
)

// maxRateBins is how many bins of time a rate is drawn with.
const maxRateBins = 230

// Rate draws the bytes a second of real and synthetic flows over time, each from
// its own first packet, both with one scale and bins of a round width of at
// least a second. A synthetic capture that is much longer is cut.
func Rate(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	return load("rate", "bytes/s", title, real, synthetic, rates)
}

// Starts is Rate for the flows that start each second.
func Starts(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	return load("starts", "flows/s", title, real, synthetic, starts)
}

// load draws a rate over time: the real one above, the synthetic one below.
func load(name, unit, title string, real, synthetic []*flow.Flow, rates func(flows []*flow.Flow, bin float64) []float64) (*Figure, error) {
	spanA, spanB := span(real), span(synthetic)
	if len(real) == 0 || len(synthetic) == 0 {
		return nil, fmt.Errorf("report: %s: %w", title, ErrNoValues)
	}
	shared, note := max(spanA, spanB, 1), ""
	if spanB > 1.5*spanA && spanA > 0 {
		shared, note = max(spanA, 1), "; the synthetic capture goes on"
	}
	bin := max(1, roundStep(shared/maxRateBins, 1, 2, 5))
	f := newFigure(name, title, "")
	var greatest float64
	for i, side := range []Series{{"real", rates(real, bin)}, {"synthetic", rates(synthetic, bin)}} {
		p := newPanel("", side.Name+", "+unit)
		side.Values = side.Values[:min(len(side.Values), int(math.Ceil(shared/bin)))]
		for _, v := range side.Values {
			greatest = max(greatest, v)
		}
		points := make(plotter.XYs, 0, 2*len(side.Values))
		for k, v := range side.Values {
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

// span is the seconds from the first packet of flows to the last.
func span(flows []*flow.Flow) float64 {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, f := range flows {
		first, last = min(first, f.Start()), max(last, f.Start()+int64(f.Duration()))
	}
	return float64(max(0, last-first)) / 1e9
}

// rates is the bytes a second in each bin of so many seconds.
func rates(flows []*flow.Flow, bin float64) []float64 {
	first := int64(math.MaxInt64)
	for _, f := range flows {
		first = min(first, f.Start())
	}
	sums := make([]float64, int(span(flows)/bin)+1)
	for _, f := range flows {
		for i := range f.Packets {
			if at := int(float64(f.Packets[i].Time-first) / 1e9 / bin); at >= 0 && at < len(sums) {
				sums[at] += float64(f.Packets[i].Length) / bin
			}
		}
	}
	return sums
}

// starts is the flows that start a second in each bin of so many seconds.
func starts(flows []*flow.Flow, bin float64) []float64 {
	first := int64(math.MaxInt64)
	for _, f := range flows {
		first = min(first, f.Start())
	}
	counts := make([]float64, int(span(flows)/bin)+1)
	for _, f := range flows {
		counts[min(len(counts)-1, int(float64(f.Start()-first)/1e9/bin))] += 1 / bin
	}
	return counts
}

// faint is a colour mixed with white, for areas.
func faint(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	mix := func(x uint32) uint8 { return uint8((x>>8 + 3*255) / 4) }
	return color.RGBA{mix(r), mix(g), mix(b), 0xff}
}
