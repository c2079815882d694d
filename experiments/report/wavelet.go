package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Scales draws how much the bytes of real and synthetic flows vary at each scale
// of time: log2 of the Haar wavelet energies of bytes per 0.2 s, both cut to the
// shorter span (NeCSTGen's multi-scale analysis with seconds on the axis, D34).
func Scales(title string, real, synthetic []*flow.Flow) (*Figure, error) {
	const bin, levels = 0.2, 10 // up to 205 s
	if len(real) == 0 || len(synthetic) == 0 {
		return nil, fmt.Errorf("report: %s: %w", title, ErrNoValues)
	}
	p := newPanel("scale", "log2 of the energy of bytes per 0.2 s")
	p.X.Tick.Marker = logTicks{seconds}
	f := newFigure("scales", title, "", p)
	shared := int(min(span(real), span(synthetic)) / bin)
	for i, side := range []Series{{"real", rates(real, bin)}, {"synthetic", rates(synthetic, bin)}} {
		energies, _ := fidelity.HaarEnergies(side.Values[:min(len(side.Values), max(1, shared))], levels)
		var points plotter.XYs
		for k, energy := range energies {
			if energy > 0 {
				points = append(points, plotter.XY{X: math.Log10(bin * math.Exp2(float64(k+1))), Y: math.Log2(energy * bin * bin)})
			}
		}
		if len(points) < 2 {
			return nil, fmt.Errorf("report: %s of %s: fewer than two scales: %w", title, side.Name, ErrNoValues)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("report: %s of %s: %w", title, side.Name, err)
		}
		line.LineStyle = look(i)
		p.Add(line)
		f.legend = append(f.legend, key{text: side.Name, style: line.LineStyle})
	}
	pad := max(0.5, (p.Y.Max-p.Y.Min)*0.08)
	p.Y.Min, p.Y.Max = p.Y.Min-pad, p.Y.Max+pad
	return f, nil
}
