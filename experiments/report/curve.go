package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/run"
)

// Curves draws metrics over their steps, one line a name. Points are marked where a
// training has only one.
func Curves(title string, metrics []run.Metric, names ...string) (*figure.Figure, error) {
	var lines []figure.Line
	axis := figure.Axis{Label: "epoch", Whole: true}
	for i, name := range names {
		line := curve(metrics, name)
		if len(line.X) == 0 {
			return nil, fmt.Errorf("report: %s: metric %s: %w", title, name, figure.ErrNoValues)
		}
		axis.Marks = axis.Marks || len(line.X) == 1
		_, short, _ := strings.Cut(name, "/")
		line.Side, line.Name = i, lastOf(strings.ReplaceAll(short, "_", " "), line)
		lines = append(lines, line)
	}
	return figure.Lines(title, axis, "", lines...)
}

// CurvesOver draws one metric of several runs over its steps, one line a run. The runs
// have these names; those that have not recorded the metric have no line. Points are
// marked as those of Curves.
func CurvesOver(title, metric string, names []string, runs [][]run.Metric) (*figure.Figure, error) {
	var lines []figure.Line
	axis := figure.Axis{Label: "epoch", Whole: true}
	for i, metrics := range runs {
		line := curve(metrics, metric)
		if len(line.X) > 0 {
			axis.Marks = axis.Marks || len(line.X) == 1
			line.Side, line.Name = i+1, lastOf(names[i], line) // side 0 is real traffic
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("report: %s: metric %s: %w", title, metric, figure.ErrNoValues)
	}
	return figure.Lines(title, axis, "", lines...)
}

// curve returns the finite values of a metric over their steps, without a name.
func curve(metrics []run.Metric, name string) figure.Line {
	var line figure.Line
	for _, m := range metrics {
		if m.Metric == name && m.Value != nil && !math.IsInf(*m.Value, 0) && !math.IsNaN(*m.Value) {
			line.X, line.Y = append(line.X, float64(m.Step)), append(line.Y, *m.Value)
		}
	}
	return line
}

// lastOf is the entry of a line in the legend: its name and its last value.
func lastOf(name string, line figure.Line) string {
	return fmt.Sprintf("%s (last %.4g)", name, line.Y[len(line.Y)-1])
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
