package notebook

import (
	"strings"
	"sync"
	"time"

	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// Curves draws the losses of trainings while they go on, one figure a model. The zero value
// is ready.
type Curves struct {
	mu      sync.Mutex
	metrics []run.Metric
	outputs map[string]*Output // by model
	drawn   time.Time
}

// redraw is the time between two drawings: one takes a tenth of a second.
const redraw = 2 * time.Second

// Record takes a metric of a training: the functions that fit models take it as their
// fit.RecordFunc.
func (c *Curves) Record(metric string, step int, value float64) error {
	c.mu.Lock()
	c.metrics = append(c.metrics, run.Metric{Metric: metric, Step: step, Value: &value})
	wait := time.Since(c.drawn) < redraw
	c.mu.Unlock()
	if wait {
		return nil
	}
	return c.Draw()
}

// Draw draws what has been recorded. It is called once more when the training has ended.
func (c *Curves) Draw() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, names := range report.CurveNames(c.metrics) {
		model, _, _ := strings.Cut(names[0], "/")
		f, err := report.Curves("Training of the "+strings.ToUpper(model), c.metrics, names...)
		if err != nil {
			return err
		}
		if c.outputs == nil {
			c.outputs = make(map[string]*Output)
		}
		if c.outputs[model] == nil {
			c.outputs[model] = new(Output)
		}
		if err := c.outputs[model].Show(f); err != nil {
			return err
		}
	}
	c.drawn = time.Now()
	return nil
}
