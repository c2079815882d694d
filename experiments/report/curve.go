package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/run"
)

// lossAxis is the vertical axis of losses.
const lossAxis = "loss (no unit)"

// Curves draws metrics over their steps, one line a name; the KL term of a VAE with the
// weight that it has in the loss. The epoch whose parameters are kept is marked. Points
// are marked where a training has only one.
func Curves(title string, metrics []run.Metric, names ...string) (*figure.Figure, error) {
	var lines []figure.Line
	axis := figure.Axis{Label: "epoch", Whole: true}
	for i, name := range names {
		line := curve(metrics, name)
		if len(line.X) == 0 {
			return nil, fmt.Errorf("report: %s: metric %s: %w", title, name, figure.ErrNoValues)
		}
		axis.Marks = axis.Marks || len(line.X) == 1
		model, short, _ := strings.Cut(name, "/")
		if short == "kl" {
			short = weigh(&line, metrics, model)
		}
		if name == model+"/loss" {
			axis.Rules = []figure.Rule{keptEpoch(metrics, model)}
		}
		line.Side, line.Name = i, lastOf(strings.ReplaceAll(short, "_", " "), line)
		lines = append(lines, line)
	}
	return figure.Lines(title, axis, lossAxis, lines...)
}

// weigh multiplies the values of the KL term by the weight that it has in the loss, which
// is the sum of the reconstruction and the weighted term, and returns what it is then
// called.
func weigh(line *figure.Line, metrics []run.Metric, model string) string {
	loss, reconstruction := curve(metrics, model+"/loss"), curve(metrics, model+"/reconstruction")
	var weighted, plain float64
	for i := range min(len(line.Y), len(loss.Y), len(reconstruction.Y)) {
		weighted, plain = weighted+loss.Y[i]-reconstruction.Y[i], plain+line.Y[i]
	}
	if !(plain > 0) || !(weighted >= 0) {
		return "kl"
	}
	for i := range line.Y {
		line.Y[i] *= weighted / plain
	}
	return fmt.Sprintf("kl × %.3g", weighted/plain)
}

// keepsBest are the models that keep the parameters of their best epoch (see package
// training); the others keep the last epoch's.
var keepsBest = map[string]bool{"lstm": true}

// keptEpoch is the epoch whose parameters a model has in the end: the last one, or the
// first with the least validation loss, or, where nothing is held out, the least loss.
func keptEpoch(metrics []run.Metric, model string) figure.Rule {
	judged := curve(metrics, model+"/validation_loss")
	if len(judged.Y) == 0 {
		judged = curve(metrics, model+"/loss")
	}
	at := len(judged.Y) - 1
	if keepsBest[model] {
		at = slices.Index(judged.Y, slices.Min(judged.Y))
	}
	return figure.Rule{At: judged.X[at], Name: fmt.Sprintf("kept: epoch %g", judged.X[at])}
}

// curveCaption says what curves show.
func curveCaption(metrics []run.Metric, names []string) string {
	text := fmt.Sprintf("Mean over the batches of each of %d epochs.", len(curve(metrics, names[0]).X))
	model, _, _ := strings.Cut(names[0], "/")
	if keepsBest[model] {
		return text + " The parameters of the best epoch are kept."
	}
	return text + " The parameters of the last epoch are kept."
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
	return figure.Lines(title, axis, lossAxis, lines...)
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
