package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
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

// criterionOf is the strongest of the classifiers that all points have, so that all are
// judged by the same ones. Where points have none in common it is the first main score that
// they have, or the first of all.
func criterionOf(results []result) (criterion, bool) {
	scores := mainScores(results)
	if len(scores) == 0 {
		return criterion{}, false
	}
	common := slices.DeleteFunc(slices.Clone(scores), func(d fidelity.Definition) bool {
		return slices.ContainsFunc(results, func(r result) bool { return r.value(d) == nil })
	})
	var classifiers []fidelity.Definition
	var names []string
	for _, d := range common {
		if d.Kind == fidelity.Classifier {
			classifiers, names = append(classifiers, d), append(names, d.Name)
		}
	}
	if len(classifiers) > 0 {
		return criterion{fmt.Sprintf("how far the AUC of the strongest classifier (of %s) is from 0.5", strings.Join(names, ", ")), farthest(classifiers)}, true
	}
	first := append(common, scores...)[:1]
	return criterion{fmt.Sprintf("how far %s/%s is from that of real traffic", first[0].Level, first[0].Name), farthest(first)}, true
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
	words := []string{"go run ./experiments run", m.Experiment}
	for _, override := range m.overrides(p) {
		words = append(words, report.Quote(override))
	}
	return strings.Join(words, " ")
}
