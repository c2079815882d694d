package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Scales draws how much the bytes of real and synthetic traffic vary at each scale
// of time: log2 of the Haar wavelet energies of bytes per 0.2 s, both cut to the
// shorter span (NeCSTGen's multi-scale analysis with seconds on the axis, D34).
func Scales(title string, real, synthetic *Traffic) (*Figure, error) {
	const bin, levels = float64(loadBin) / 1e9, 10 // up to 205 s
	if real.Packets == 0 || synthetic.Packets == 0 {
		return nil, fmt.Errorf("report: %s: %w", title, ErrNoValues)
	}
	p := newPanel("scale", "log2 of the energy of bytes per 0.2 s")
	p.X.Tick.Marker = logTicks{seconds}
	f := newFigure("scales", title, "", p)
	shared := max(1, min(real.Last-real.First, synthetic.Last-synthetic.First)/loadBin)
	for i, side := range []struct {
		name string
		t    *Traffic
	}{{"real", real}, {"synthetic", synthetic}} {
		energies, _ := fidelity.HaarEnergies(side.t.bytes.Window(binOf(side.t.First), shared), shared, levels)
		var points plotter.XYs
		for k, energy := range energies {
			if energy > 0 {
				points = append(points, plotter.XY{X: math.Log10(bin * math.Exp2(float64(k+1))), Y: math.Log2(energy)})
			}
		}
		if len(points) < 2 {
			return nil, fmt.Errorf("report: %s of %s: fewer than two scales: %w", title, side.name, ErrNoValues)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("report: %s of %s: %w", title, side.name, err)
		}
		line.LineStyle = look(i)
		p.Add(line)
		f.legend = append(f.legend, key{text: side.name, style: line.LineStyle})
	}
	pad := max(0.5, (p.Y.Max-p.Y.Min)*0.08)
	p.Y.Min, p.Y.Max = p.Y.Min-pad, p.Y.Max+pad
	return f, nil
}
