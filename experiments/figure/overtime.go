package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// maxTimeBins is how many bins of time a rate is drawn with.
const maxTimeBins = 230

// TimeBin returns the width of the bins that OverTime draws a span with, both in
// seconds: a round number, at least one.
func TimeBin(span float64) float64 { return max(1, roundStep(span/maxTimeBins, 1, 2, 5)) }

// OverTime draws rates over time, one panel a side, all with one scale. The values
// of each line belong to bins of so many seconds, counted from the side's first
// packet. The note is added to the label of the time.
func OverTime(title, unit, note string, bin float64, sides ...Sample) (*Figure, error) {
	f := newFigure("rate", title)
	var greatest float64
	most := 0
	for _, side := range sides {
		if len(side.Values) == 0 {
			return nil, fmt.Errorf("figure: %s of %s: %w", title, side.Name, ErrNoValues)
		}
		p := newPanel("", side.Name+", "+unit)
		points := make(plotter.XYs, 0, 2*len(side.Values))
		for k, v := range side.Values {
			greatest = max(greatest, v)
			points = append(points, plotter.XY{X: float64(k) * bin, Y: v}, plotter.XY{X: float64(k+1) * bin, Y: v})
		}
		most = max(most, len(side.Values))
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("figure: %s of %s: %w", title, side.Name, err)
		}
		line.LineStyle = look(side.Side)
		line.Width, line.Dashes = 0.9, nil
		line.FillColor = faint(look(side.Side).Color)
		p.Add(line)
		f.panels = append(f.panels, p)
	}
	if len(f.panels) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	for _, p := range f.panels {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, math.Max(1, float64(most)*bin), 0, math.Max(greatest*1.05, 1e-9)
	}
	f.panels[len(f.panels)-1].X.Label.Text = fmt.Sprintf("seconds since the first packet, bins of %s s%s", short(bin), note)
	f.height = 45 + 110*vg.Length(len(f.panels))
	return f, nil
}
