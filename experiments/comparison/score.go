package comparison

import (
	"math"
	"strconv"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// addScores adds a row for each score that a run has a value of, in the order of the
// definitions, application by application as they come first.
func (c *Comparison) addScores(scores [][]fidelity.Score) {
	for _, application := range applications(scores) {
		for _, d := range fidelity.Definitions() {
			s := Score{Application: application, Definition: d, Name: d.Level + "/" + d.Name, Values: make([]*float64, len(scores)), Intervals: make([]*[2]float64, len(scores)), Floors: make([]*float64, len(scores))}
			some := false
			for i, one := range scores {
				for _, have := range one {
					if have.Application == application && have.Level == d.Level && have.Score == d.Name && have.Value != nil {
						s.Values[i], s.Intervals[i], s.Floors[i], some = have.Value, have.Interval, have.Floor, true
					}
				}
			}
			if some {
				s.Best = s.best()
				c.Scores = append(c.Scores, s)
			}
		}
	}
}

// applications lists the applications of all scores in the order of their first ones.
func applications(scores [][]fidelity.Score) []string {
	var names []string
	have := map[string]bool{}
	for _, one := range scores {
		for _, s := range one {
			if !have[s.Application] {
				have[s.Application] = true
				names = append(names, s.Application)
			}
		}
	}
	return names
}

// best marks the values that are Nearest. Where all values are so, or there is but one,
// none is marked.
func (s *Score) best() []bool {
	best := Nearest(s.Definition, s.Values, s.Floors)
	for i, v := range s.Values {
		if v != nil && !best[i] {
			return best
		}
	}
	clear(best)
	return best
}

// Nearest marks the values of a score that are nearest to real traffic, each measured by
// its own floor, and those that read the same as one of them. A value that is nil is not
// known.
func Nearest(d fidelity.Definition, values, floors []*float64) []bool {
	nearest, texts := math.Inf(1), map[string]bool{}
	distance := make([]float64, len(values))
	for i, v := range values {
		if v != nil {
			distance[i] = d.DistanceFromReal(*v, floors[i])
			nearest = min(nearest, distance[i])
		}
	}
	for i, v := range values {
		if v != nil && distance[i] == nearest {
			texts[Decimal(v)] = true
		}
	}
	marked := make([]bool, len(values))
	for i, v := range values {
		marked[i] = v != nil && texts[Decimal(v)]
	}
	return marked
}

// Application is the scores of one application, or of all together.
type Application struct {
	Name   string
	Scores []Score
}

// Applications returns all scores, application by application.
func (c *Comparison) Applications() []Application {
	var all []Application
	for _, s := range c.Scores {
		if len(all) == 0 || all[len(all)-1].Name != s.Application {
			all = append(all, Application{Name: s.Application})
		}
		last := &all[len(all)-1]
		last.Scores = append(last.Scores, s)
	}
	return all
}

// Closing returns the scores of the first application that a run prints at its end,
// in that order.
func (c *Comparison) Closing() []Score {
	var first []fidelity.Score
	rows := map[string]Score{}
	for _, s := range c.Scores {
		if s.Application == c.Scores[0].Application {
			first = append(first, fidelity.Score{Level: s.Definition.Level, Score: s.Definition.Name, Value: new(float64)}) // a row has a value
			rows[s.Name] = s
		}
	}
	var closing []Score
	for _, s := range fidelity.Closing(first) {
		closing = append(closing, rows[s.Level+"/"+s.Score])
	}
	return closing
}

// Floor is the floor of a score: of runs whose floors do not read the same, from the
// least to the greatest.
func (s *Score) Floor() string {
	var low, high *float64
	for _, f := range s.Floors {
		if f != nil && (low == nil || *f < *low) {
			low = f
		}
		if f != nil && (high == nil || *f > *high) {
			high = f
		}
	}
	if Decimal(low) == Decimal(high) {
		return Decimal(low)
	}
	return Decimal(low) + " to " + Decimal(high)
}

// Decimal writes a number with three digits behind the point, a dash for none.
func Decimal(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}
