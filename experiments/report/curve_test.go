package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// losses returns the metrics of a training.
func losses() []run.Metric {
	var metrics []run.Metric
	for step := 1; step <= 12; step++ {
		for name, scale := range map[string]float64{"vae/loss": 1, "vae/validation_loss": 1.1} {
			v := scale * (0.3 + 1/float64(step))
			metrics = append(metrics, run.Metric{Metric: name, Step: step, Value: &v})
		}
	}
	return metrics
}

// TestCurves: the legend has the last value of each metric, and a metric that there
// is not is an error.
func TestCurves(t *testing.T) {
	f, err := report.Curves("Training", losses(), "vae/loss", "vae/validation_loss")
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	if want := ">validation loss (last 0.4217)</text>"; !strings.Contains(svg.String(), want) {
		t.Errorf("the figure lacks %s", want)
	}
	_, err = report.Curves("Training", losses(), "vae/accuracy")
	if want := "report: Training: metric vae/accuracy: no values"; !errors.Is(err, figure.ErrNoValues) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestKept: the epoch whose parameters are kept is marked, and the KL term has the weight
// that it has in the loss.
func TestKept(t *testing.T) {
	metrics := func(model string, epochs ...map[string]float64) (list []run.Metric) {
		for i, epoch := range epochs {
			for name, v := range epoch {
				list = append(list, run.Metric{Metric: model + "/" + name, Step: i + 1, Value: &v})
			}
		}
		return list
	}
	lstm := metrics("lstm", map[string]float64{"loss": 3, "validation_loss": 4}, map[string]float64{"loss": 2, "validation_loss": 3}, map[string]float64{"loss": 1, "validation_loss": 5})
	vae := metrics("vae", map[string]float64{"loss": 2, "reconstruction": 1.5, "kl": 16}, map[string]float64{"loss": 1.25, "reconstruction": 1, "kl": 8})
	for _, test := range []struct {
		name    string
		metrics []run.Metric
		names   []string
		want    string
	}{
		{"the least validation loss", lstm, []string{"lstm/loss", "lstm/validation_loss"}, ">kept: epoch 2</text>"},
		{"the last epoch", vae, []string{"vae/loss"}, ">kept: epoch 2</text>"},
		{"as it is weighted", vae, []string{"vae/loss", "vae/kl"}, ">kl × 0.0312 (last 0.25)</text>"},
	} {
		f, err := report.Curves("Training", test.metrics, test.names...)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(f.Element(), test.want) {
			t.Errorf("%s: the figure lacks %s", test.name, test.want)
		}
	}
}

// One line a run that has recorded the metric, with its last value.
func TestCurvesOver(t *testing.T) {
	names, runs := []string{"office", "bare", "home"}, [][]run.Metric{losses(), nil, losses()[:2]}
	f, err := report.CurvesOver("Training", "vae/loss", names, runs)
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{">office (last 0.3833)</text>": true, ">home (last 1.3)</text>": true, "bare": false} {
		if strings.Contains(svg.String(), text) != want {
			t.Errorf("the figure has %q: %v, want %v", text, !want, want)
		}
	}
	if _, err := report.CurvesOver("Training", "vae/accuracy", names, runs); !errors.Is(err, figure.ErrNoValues) {
		t.Errorf("an unknown metric: %v", err)
	}
}

// A training of one epoch is a point and no line, so every point of its figure is marked.
func TestCurveMarks(t *testing.T) {
	paths := func(runs ...[]run.Metric) int {
		f, err := report.CurvesOver("Training", "vae/loss", []string{"a", "b"}, runs)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(f.Element(), "<path")
	}
	one := losses()[:2] // the first epoch of both metrics
	if long, both := paths(losses()), paths(losses(), one); both < long+12+1 {
		t.Errorf("%d paths beside a training of one epoch, %d without: want a mark for each of 13 points", both, long)
	}
}
