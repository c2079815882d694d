package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
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

// cutMetrics cuts the line off that a killed process left unfinished, and
// returns the length of what remains.
func cutMetrics(path string) (int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	whole := int64(bytes.LastIndexByte(data, '\n') + 1)
	if whole < int64(len(data)) {
		return whole, os.Truncate(path, whole)
	}
	return whole, nil
}

// settleMetrics keeps the last line of each metric and step: training that goes
// on from a checkpoint, or begins again, records some epochs a second time.
func settleMetrics(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	type point struct {
		metric string
		step   int
	}
	last := map[point]int{} // the line's first byte
	var points []point      // of each line
	var starts []int
	for at := 0; at < len(data); {
		end := at + bytes.IndexByte(data[at:], '\n') + 1
		if end <= at {
			end = len(data)
		}
		var m Metric
		p := point{string(data[at:end]), -1} // a line that is no metric stays
		if json.Unmarshal(data[at:end], &m) == nil {
			p = point{m.Metric, m.Step}
		}
		last[p] = at
		points, starts = append(points, p), append(starts, at)
		at = end
	}
	if len(last) == len(points) {
		return nil
	}
	var kept []byte
	for i, p := range points {
		if last[p] == starts[i] {
			end := len(data)
			if i+1 < len(starts) {
				end = starts[i+1]
			}
			kept = append(kept, data[starts[i]:end]...)
		}
	}
	return replace(path, kept)
}
