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
	Best         *Best         `json:"best,omitempty"` // nil: no point has a score
	Missing      []string      `json:"missing"`        // what could not be read, and why

	results []result
}

// Combination is the values of all axes but the seed.
type Combination struct {
	Assignments []string `json:"assignments"`
	Points      []int    `json:"points"` // finished ones
}

// String is the assignments in one line; a sweep over seeds alone has none.
func (c Combination) String() string { return strings.Join(c.Assignments, " ") }

// Score is one of the scores that runs end with, see fidelity.Closing.
type Score struct {
	Definition fidelity.Definition `json:"-"`
	Name       string              `json:"score"`          // level/name
	Real       *float64            `json:"real,omitempty"` // what real traffic scores against real traffic: the mean of the floors
	Spreads    []Spread            `json:"spreads"`        // one a combination
}

// Spread is how a score varies over seeds. Without a value all are nil.
type Spread struct {
	N         int      `json:"n"`
	Mean      *float64 `json:"mean,omitempty"`
	Deviation *float64 `json:"deviation,omitempty"` // the standard deviation of a sample; nil: there are less than two values
	Least     *float64 `json:"least,omitempty"`
	Greatest  *float64 `json:"greatest,omitempty"`
	Nearest   bool     `json:"nearest,omitempty"` // the mean is nearest to real traffic, and not all are
}

// result is a finished point with its main scores.
type result struct {
	state  State
	scores []fidelity.Score // the first of each name: that of all applications
}

// value returns the score of a definition; nil: the point has none.
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
	r := &Report{Sweep: m, Combinations: []Combination{}, Scores: []Score{}, Missing: []string{}}
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
	r.Best = best(m, r.Combinations, members)
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
		var all []float64
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
			spread, floor := spreadOf(values), spreadOf(real)
			s.Spreads = append(s.Spreads, spread)
			means, floors, all = append(means, spread.Mean), append(floors, floor.Mean), append(all, real...)
		}
		s.Real = spreadOf(all).Mean
		nearest := comparison.Nearest(d, means, floors)
		if slices.ContainsFunc(s.Spreads, func(one Spread) bool { return one.N > 0 && !nearest[slices.Index(s.Spreads, one)] }) {
			for i := range s.Spreads {
				s.Spreads[i].Nearest = nearest[i]
			}
		}
		r.Scores = append(r.Scores, s)
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
