package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"gonum.org/v1/plot/plotter"
)

// Curves draws metrics over their steps, one line a name.
func Curves(title string, metrics []run.Metric, names ...string) (*Figure, error) {
	p := newPanel("epoch", "")
	p.X.Tick.Marker = linearTicks{whole: true}
	f := newFigure("curves", title, "", p)
	for _, name := range names {
		var points plotter.XYs
		for _, m := range metrics {
			if m.Metric == name && m.Value != nil && !math.IsInf(*m.Value, 0) && !math.IsNaN(*m.Value) {
				points = append(points, plotter.XY{X: float64(m.Step), Y: *m.Value})
			}
		}
		if len(points) == 0 {
			return nil, fmt.Errorf("report: %s: metric %s: %w", title, name, ErrNoValues)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, fmt.Errorf("report: %s: metric %s: %w", title, name, err)
		}
		line.LineStyle = look(len(f.legend))
		p.Add(line)
		_, short, _ := strings.Cut(name, "/")
		last := points[len(points)-1].Y
		f.legend = append(f.legend, key{text: fmt.Sprintf("%s (last %.4g)", strings.ReplaceAll(short, "_", " "), last), style: line.LineStyle})
	}
	if p.Y.Min == p.Y.Max {
		p.Y.Min, p.Y.Max = p.Y.Min-0.5, p.Y.Max+0.5
	}
	d := (p.Y.Max - p.Y.Min) * 0.05
	p.Y.Min, p.Y.Max = p.Y.Min-d, p.Y.Max+d
	return f, nil
}

// CurveNames groups the metrics of training by model, in the order in which they
// were first recorded: of each its loss, validation loss and the terms of the
// loss that there are ("vae/loss", "vae/kl").
func CurveNames(metrics []run.Metric) [][]string {
	var models []string
	have := map[string]bool{}
	for _, m := range metrics {
		model, name, ok := strings.Cut(m.Metric, "/")
		if ok && name == "loss" && !have[m.Metric] {
			models = append(models, model)
		}
		have[m.Metric] = have[m.Metric] || m.Value != nil
	}
	var groups [][]string
	for _, model := range models {
		var names []string
		for _, name := range []string{"loss", "validation_loss", "reconstruction", "kl"} {
			if have[model+"/"+name] {
				names = append(names, model+"/"+name)
			}
		}
		if len(names) > 0 {
			groups = append(groups, names)
		}
	}
	return groups
}
