package sweep

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// Report is what the finished points of a sweep have scored: for each combination of the
// values other than the seed the spread over seeds of each main score.
type Report struct {
	Sweep        *Manifest     `json:"sweep"`
	Finished     int           `json:"finished"` // points whose scores could be read
	Combinations []Combination `json:"combinations"`
	Scores       []Score       `json:"scores"`
	Verdicts     []Verdict     `json:"verdicts"`       // of all points, in their order
	Best         *Best         `json:"best,omitempty"` // nil: no point has a score, or only seeds are swept
	States       []State       `json:"points"`
	Missing      []string      `json:"missing"` // what could not be read, and why

	results []result
}

// Combination is the values of all axes but the seed.
type Combination struct {
	Assignments []string `json:"assignments"`
	Points      []int    `json:"points"` // finished ones
}

// Score is one of the scores that runs end with, see fidelity.Closing.
type Score struct {
	Definition fidelity.Definition `json:"-"`
	Name       string              `json:"score"`   // level/name
	Spreads    []Spread            `json:"spreads"` // one a combination
}

// Spread is how a score varies over seeds. Without a value all are nil.
type Spread struct {
	N         int      `json:"n"`
	Mean      *float64 `json:"mean,omitempty"`
	Deviation *float64 `json:"deviation,omitempty"` // the standard deviation of a sample; nil: there are less than two values
	Least     *float64 `json:"least,omitempty"`
	Greatest  *float64 `json:"greatest,omitempty"`
	Real      *float64 `json:"real,omitempty"`    // what real traffic scores against real traffic: the mean of the floors
	Nearest   bool     `json:"nearest,omitempty"` // the mean is nearest to real traffic, and not all are
}

// Verdict is the headline of the reports of some points.
type Verdict struct {
	Headline string `json:"headline"`
	Points   int    `json:"points"` // that have it
}

// result is a finished point with its main scores.
type result struct {
	state  State
	scores []fidelity.Score
}

// value returns the score of a definition, that of all applications together; nil: the point
// has none.
func (r *result) value(d fidelity.Definition) *fidelity.Score {
	if s := d.In(r.scores); s != nil && s.Value != nil {
		return s
	}
	return nil
}

// Summarize reads the scores of all finished points of a sweep. What cannot be read is named
// in Missing.
func Summarize(m *Manifest) (*Report, error) {
	states, err := m.Status()
	if err != nil {
		return nil, err
	}
	r := &Report{Sweep: m, States: states, Combinations: []Combination{}, Scores: []Score{}, Verdicts: []Verdict{}, Missing: []string{}}
	var members [][]result
	for _, state := range states {
		c := Combination{Assignments: slices.DeleteFunc(slices.Clone(state.Assignments), ofSeed)}
		k := slices.IndexFunc(r.Combinations, func(other Combination) bool { return slices.Equal(other.Assignments, c.Assignments) })
		if k < 0 {
			k = len(r.Combinations)
			r.Combinations, members = append(r.Combinations, c), append(members, nil)
		}
		if state.Status != run.Finished {
			continue
		}
		scores, err := m.scores(state)
		if err != nil {
			r.Missing = append(r.Missing, fmt.Sprintf("%s: %v", state.Point, err))
			continue
		}
		one := result{state, scores}
		r.Combinations[k].Points = append(r.Combinations[k].Points, state.Index)
		members[k], r.results = append(members[k], one), append(r.results, one)
	}
	r.Finished = len(r.results)
	r.addScores(members)
	r.addVerdicts()
	if len(r.Combinations) > 1 {
		r.Best = best(m, members)
	}
	return r, nil
}

// ofSeed reports whether an assignment is the seed's.
func ofSeed(assignment string) bool { return strings.HasPrefix(assignment, seedKey+"=") }

// scores reads the scores of a finished point.
func (m *Manifest) scores(state State) ([]fidelity.Score, error) {
	made, err := run.Open(filepath.Join(filepath.Dir(filepath.Dir(m.Dir)), filepath.FromSlash(state.Run)))
	if err != nil {
		return nil, err
	}
	return report.ReadScores(made)
}

// addScores adds each main score that a point has, in their order.
func (r *Report) addScores(members [][]result) {
	for _, d := range mainScores(r.results) {
		s := Score{Definition: d, Name: d.Level + "/" + d.Name}
		var means, floors []*float64
		for _, points := range members {
			var values, real []float64
			for i := range points {
				if have := points[i].value(d); have != nil {
					values = append(values, *have.Value)
					if have.Floor != nil {
						real = append(real, *have.Floor)
					}
				}
			}
			spread := spreadOf(values)
			spread.Real = spreadOf(real).Mean
			s.Spreads = append(s.Spreads, spread)
			means, floors = append(means, spread.Mean), append(floors, spread.Real)
		}
		s.mark(comparison.Nearest(d, means, floors))
		r.Scores = append(r.Scores, s)
	}
}

// addVerdicts counts the headlines of the points' reports.
func (r *Report) addVerdicts() {
	for _, point := range r.results {
		if len(point.scores) == 0 {
			continue
		}
		headline := report.VerdictOf(point.scores, point.scores[0].Application).Headline
		i := slices.IndexFunc(r.Verdicts, func(v Verdict) bool { return v.Headline == headline })
		if i < 0 {
			i = len(r.Verdicts)
			r.Verdicts = append(r.Verdicts, Verdict{Headline: headline})
		}
		r.Verdicts[i].Points++
	}
}

// mark marks the means that are nearest to real traffic, none where all are.
func (s *Score) mark(nearest []bool) {
	for i, one := range s.Spreads {
		if one.N > 0 && !nearest[i] {
			for k := range s.Spreads {
				s.Spreads[k].Nearest = nearest[k]
			}
			return
		}
	}
}

// mainScores are the definitions of the scores that runs end with and that a point has.
func mainScores(results []result) (found []fidelity.Definition) {
	var all []fidelity.Score
	for _, r := range results {
		all = append(all, r.scores...)
	}
	for _, s := range fidelity.Closing(all) {
		for _, d := range fidelity.Definitions() {
			if d.Level == s.Level && d.Name == s.Score && !slices.Contains(found, d) {
				found = append(found, d)
			}
		}
	}
	return found
}

// spreadOf measures values.
func spreadOf(values []float64) Spread {
	s := Spread{N: len(values)}
	if s.N == 0 {
		return s
	}
	least, greatest, mean := slices.Min(values), slices.Max(values), 0.0
	for _, v := range values {
		mean += v / float64(s.N)
	}
	s.Mean, s.Least, s.Greatest = &mean, &least, &greatest
	if s.N > 1 {
		squares := 0.0
		for _, v := range values {
			squares += (v - mean) * (v - mean)
		}
		deviation := math.Sqrt(squares / float64(s.N-1))
		s.Deviation = &deviation
	}
	return s
}
