package run

import (
	"encoding/json"
	"fmt"
	"math"
)

// Record appends a metric to metrics.jsonl. A value that is no number is written
// as null.
func (r *Run) Record(metric string, step int, value float64) error {
	line := Metric{Metric: metric, Step: step}
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		line.Value = &value
	}
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("run: metric %s: %w", metric, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.metrics.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("run: metric %s: %w", metric, err)
	}
	return nil
}

// Metric is one line of metrics.jsonl.
type Metric struct {
	Metric string   `json:"metric"` // "vae/loss"
	Step   int      `json:"step"`
	Value  *float64 `json:"value"` // nil: not a number
}

// offset is the length of metrics.jsonl.
func (r *Run) offset() int64 {
	info, err := r.metrics.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
