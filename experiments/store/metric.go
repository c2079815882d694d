package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Metric is one line of metrics.
type Metric struct {
	Metric string   `json:"metric"` // "vae/loss"
	Step   int      `json:"step"`
	Value  *float64 `json:"value"` // nil: not a number
}

// Record appends a metric. A value that is no number is written as null.
func (c *Claim) Record(metric string, step int, value float64) error {
	line := Metric{Metric: metric, Step: step}
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		line.Value = &value
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("store: metric %s: %w", metric, err)
	}
	if _, err := c.metrics.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("store: metric %s: %w", metric, err)
	}
	return nil
}

// cutMetrics cuts off the line that a killed process has left unfinished.
func cutMetrics(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == len(text) {
		return nil
	}
	return os.Truncate(path, int64(whole))
}

// lastOfEach keeps the last line of each metric and step: a training that goes on
// from a checkpoint, or begins again, records some epochs a second time.
func lastOfEach(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	type point struct {
		metric string
		step   int
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	points, last := make([]point, len(lines)), make(map[point]int)
	for i, line := range lines {
		var m Metric
		points[i] = point{string(line), -1} // a line that is no metric stays
		if json.Unmarshal(line, &m) == nil {
			points[i] = point{m.Metric, m.Step}
		}
		last[points[i]] = i
	}
	if len(last) == len(points) {
		return nil
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		for i, line := range lines {
			if last[points[i]] != i {
				continue
			}
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// Recorded returns what a stage has recorded so far, wherever the process runs that makes
// its result: from the folder of the claim, or from the entry where it is whole. Of a
// metric and step that were recorded twice, as after an interruption, the last value
// stands. key is stage.Key.Sum; a stage of which nothing is there has recorded nothing.
func (s *Store) Recorded(name, key string) ([]Metric, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || len(key) < keyDigits || !isKey(key[:keyDigits]) {
		return nil, fmt.Errorf("store: metrics of stage %q, key %q: want a stage and its key", name, key)
	}
	dir := s.place(name, stage.Key{Sum: key})
	text, err := os.ReadFile(filepath.Join(dir+partial, metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join(dir, metricsName))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: metrics of stage %s: %w", name, err)
	}
	type point struct {
		metric string
		step   int
	}
	var metrics []Metric
	at := map[point]int{}
	for line := range bytes.Lines(text) {
		var m Metric
		if json.Unmarshal(line, &m) != nil {
			continue // the last line may be half written
		}
		p := point{m.Metric, m.Step}
		if i, twice := at[p]; twice {
			metrics[i] = m
			continue
		}
		at[p] = len(metrics)
		metrics = append(metrics, m)
	}
	return metrics, nil
}
