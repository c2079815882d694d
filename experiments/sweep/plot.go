package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// plotted are the scores that are drawn against swept keys, of those that points have.
var plotted = []string{"classifier/C2ST flow", "classifier/C2ST window", "classifier/C2ST uplink", "privacy/copied flows", "aggregate/packets KS", "aggregate/flows/s KS"}

// Figures draws scores against each swept key: every point, and mean and deviation of the
// points that have the same value of the key. Over the seed it draws only where nothing
// else is swept.
func (r *Report) Figures() ([]*figure.Figure, error) {
	var all []*figure.Figure
	for i, a := range r.Sweep.Axes {
		if a.Key == seedKey && len(r.Sweep.Axes) > 1 || len(a.Values) < 2 {
			continue
		}
		for _, s := range r.Scores {
			if !slices.Contains(plotted, s.Name) {
				continue
			}
			f, err := r.plot(i, s.Definition)
			if errors.Is(err, figure.ErrNoValues) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("sweep: %w", err)
			}
			f.Name = fmt.Sprintf("score-%d", len(all)+1)
			all = append(all, f)
		}
	}
	return all, nil
}

// plot draws one score against the axis of that number.
func (r *Report) plot(number int, d fidelity.Definition) (*figure.Figure, error) {
	axis := r.Sweep.Axes[number]
	x, places := axisOf(axis)
	points := figure.Line{Side: 1, Name: "points", Dots: true}
	means := figure.Line{Side: 1, Name: "mean ± deviation", Dots: len(x.Names) > 0}
	real := figure.Line{Name: "real traffic"}
	for k, value := range axis.Values {
		var values, floors []float64
		for i := range r.results {
			if r.results[i].state.Assignments[number] != axis.Key+"="+value {
				continue
			}
			if s := r.results[i].value(d); s != nil {
				values = append(values, *s.Value)
				points.X, points.Y = append(points.X, places[k]), append(points.Y, *s.Value)
				if s.Floor != nil {
					floors = append(floors, *s.Floor)
				}
			}
		}
		if s := spreadOf(values); s.N > 0 {
			deviation := 0.0
			if s.Deviation != nil {
				deviation = *s.Deviation
			}
			means.X, means.Y = append(means.X, places[k]), append(means.Y, *s.Mean)
			means.Low, means.High = append(means.Low, *s.Mean-deviation), append(means.High, *s.Mean+deviation)
		}
		if floor := spreadOf(floors); floor.Mean != nil {
			real.X, real.Y = append(real.X, places[k]), append(real.Y, *floor.Mean)
		}
	}
	lines := []figure.Line{points}
	if len(means.X) < len(points.X) {
		lines = append(lines, means)
	}
	if len(real.X) > 1 {
		lines = append(lines, real)
	}
	return figure.Lines(d.Name+" by "+axis.Key, x, d.Level+" "+d.Name, lines...)
}

// axisOf returns an axis of a figure for the values of a swept key, and their places on it:
// those of the numbers, on a logarithmic scale if they span more than a power of ten, or one
// behind the other.
func axisOf(a Axis) (x figure.Axis, places []float64) {
	x = figure.Axis{Label: a.Key, Whole: true}
	for _, value := range a.Values {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return named(a)
		}
		places = append(places, n)
		x.Whole = x.Whole && !strings.ContainsAny(value, ".eE")
	}
	if least := slices.Min(places); least > 0 && slices.Max(places) > 10*least {
		x.Scale = figure.Log
	}
	return x, places
}

// named is an axis of words.
func named(a Axis) (x figure.Axis, places []float64) {
	for i := range a.Values {
		places = append(places, float64(i))
	}
	return figure.Axis{Label: a.Key, Names: a.Values}, places
}
