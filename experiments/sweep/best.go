package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Best is the point nearest to real traffic by a rule.
type Best struct {
	State
	Rule    string  `json:"rule"`
	Mean    float64 `json:"mean"`    // of the combination, of what the rule measures
	Own     float64 `json:"own"`     // of the point
	Command string  `json:"command"` // that runs it alone
}

// criterion is what points are compared by: the less the nearer to real traffic.
type criterion struct {
	text string
	of   func(r *result) float64 // not a number: the point has no such score
}

// best finds the combination with the least mean of the criterion, and its point with the
// least value. It is nil where no point has a score.
func best(m *Manifest, members [][]result) *Best {
	by, ok := criterionOf(slices.Concat(members...))
	if !ok {
		return nil
	}
	var found *Best
	for k := range members {
		var values []float64
		var nearest *result
		least := math.Inf(1)
		for i := range members[k] {
			v := by.of(&members[k][i])
			if math.IsNaN(v) {
				continue
			}
			if values = append(values, v); v < least {
				least, nearest = v, &members[k][i]
			}
		}
		if s := spreadOf(values); nearest != nil && (found == nil || *s.Mean < found.Mean) {
			found = &Best{State: nearest.state, Rule: by.text, Mean: *s.Mean, Own: least, Command: m.command(nearest.state.Point)}
		}
	}
	return found
}

// criterionOf is the strongest classifier where a point has one, else the first main score.
func criterionOf(results []result) (criterion, bool) {
	scores := mainScores(results)
	classifiers := slices.DeleteFunc(slices.Clone(scores), func(d fidelity.Definition) bool { return d.Kind != fidelity.Classifier })
	switch {
	case len(classifiers) > 0:
		return criterion{"how far the AUC of the strongest classifier is from 0.5", farthest(classifiers)}, true
	case len(scores) > 0:
		return criterion{fmt.Sprintf("how far %s/%s is from that of real traffic", scores[0].Level, scores[0].Name), farthest(scores[:1])}, true
	}
	return criterion{}, false
}

// farthest returns the greatest distance from real traffic of some scores.
func farthest(of []fidelity.Definition) func(r *result) float64 {
	return func(r *result) float64 {
		greatest := math.NaN()
		for _, d := range of {
			if s := r.value(d); s != nil {
				if distance := d.DistanceFromReal(*s.Value, s.Floor); math.IsNaN(greatest) || distance > greatest {
					greatest = distance
				}
			}
		}
		return greatest
	}
}

// command is the command that runs a point alone.
func (m *Manifest) command(p Point) string {
	words := append([]string{"go run ./experiments run", m.Experiment}, m.overrides(p)...)
	for i, word := range words[2:] {
		if strings.ContainsAny(word, " \t\"'[]*?$&|;<>(){}~#!\\`") {
			words[i+2] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
