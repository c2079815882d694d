package sweep

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// Plan says what a sweep would run.
type Plan struct {
	ID         string      `json:"id"`
	Experiment string      `json:"experiment"`
	Fixed      []string    `json:"fixed"`
	Axes       []Axis      `json:"axes"`
	Points     int         `json:"points"`
	Finished   int         `json:"finished"` // points
	Stages     []StagePlan `json:"stages"`
	Total      StagePlan   `json:"total"`
	Unknown    []string    `json:"unknown"` // stages that would run and were never made: Seconds are without them
}

// StagePlan counts what the points of a sweep need of one stage.
type StagePlan struct {
	Stage     string  `json:"stage"`
	Points    int     `json:"points"`    // that need the stage
	Different int     `json:"different"` // results: points with equal settings, data and seeds share one
	Shared    int     `json:"shared"`    // of the different ones, those that several points need
	Stored    int     `json:"stored"`    // of the different ones, those that need not run
	Run       int     `json:"run"`       // of the different ones, those that would run
	Seconds   float64 `json:"seconds"`   // of all that would run, one after the other, as long as the result used last took
}

// need is one result that points need.
type need struct {
	stage  string
	points int
	stored bool
	wanted bool // by a point that has not finished
}

// Plan prepares every point, finds out which stages points share and which of them are
// stored, and estimates how long the rest would take. It digests the data and opens the
// device; nothing is executed.
func (s *Sweep) Plan(ctx context.Context) (*Plan, error) {
	p := &Plan{ID: s.ID, Experiment: s.Experiment, Fixed: s.Fixed, Axes: s.Axes, Points: s.Len(), Unknown: []string{}}
	needs := map[string]*need{}
	var order []string // of keys
	points := make([]map[string]string, s.Len())
	names := make([][]string, s.Len())
	for i := range points {
		prepared, err := s.prepare(ctx, at(s.Axes, i+1))
		if err != nil {
			return nil, err
		}
		finished := s.finished(prepared)
		if finished {
			p.Finished++
		}
		points[i] = map[string]string{}
		for _, st := range prepared.Job.Graph.Stages {
			key := prepared.Job.Keys[st.Name]
			n := needs[key.Sum]
			if n == nil {
				n = &need{stage: st.Name, stored: prepared.Job.Store.Find(st.Name, key) != nil}
				needs[key.Sum], order = n, append(order, key.Sum)
			}
			n.points++
			n.wanted = n.wanted || !finished
			points[i][st.Name], names[i] = key.Sum, append(names[i], st.Name)
		}
	}
	s.Groups = groups(points, names, needs)
	p.count(needs, order, s.runner.Store())
	return p, nil
}

// prepare makes a point ready to be run.
func (s *Sweep) prepare(ctx context.Context, p Point) (*pipeline.Prepared, error) {
	e, err := s.resolve(p)
	if err != nil {
		return nil, err
	}
	return s.session.Prepare(ctx, s.Experiment, s.overrides(p), e)
}

// finished reports whether the run of a point has finished. Whether its files are whole is
// looked at when the point is run.
func (s *Sweep) finished(p *pipeline.Prepared) bool {
	m, err := run.Open(s.folder(p))
	return err == nil && m.Status == run.Finished
}

// folder is where the run of a point lies.
func (s *Sweep) folder(p *pipeline.Prepared) string {
	return filepath.Join(s.runner.Runs, s.Experiment, p.Spec.ID())
}

// groups puts points that share the same results together. names are the stages of each
// point in order, points the key of each.
func groups(points []map[string]string, names [][]string, needs map[string]*need) []Group {
	all := []Group{}
	have := map[string]int{} // keys of the shared results -> index of their group
	for i, keys := range points {
		var stages, shared []string
		for _, name := range names[i] {
			if needs[keys[name]].points > 1 {
				stages, shared = append(stages, name), append(shared, keys[name])
			}
		}
		if len(shared) == 0 {
			continue
		}
		text := strings.Join(shared, " ")
		k, ok := have[text]
		if !ok {
			k = len(all)
			have[text], all = k, append(all, Group{Stages: stages})
		}
		all[k].Points = append(all[k].Points, i+1)
	}
	return all
}

// count sums up needs, given in the order of the stages of the points.
func (p *Plan) count(needs map[string]*need, order []string, st *store.Store) {
	p.Stages = []StagePlan{}
	took := map[string]float64{}
	for _, key := range order {
		n := needs[key]
		i := slices.IndexFunc(p.Stages, func(s StagePlan) bool { return s.Stage == n.stage })
		if i < 0 {
			i = len(p.Stages)
			p.Stages = append(p.Stages, StagePlan{Stage: n.stage})
			if last := st.Nearest(n.stage); last != nil {
				took[n.stage] = last.Seconds
			}
		}
		one := StagePlan{Points: n.points, Different: 1}
		if n.points > 1 {
			one.Shared = 1
		}
		seconds, known := took[n.stage]
		if n.stored || !n.wanted {
			one.Stored = 1
		} else {
			one.Run, one.Seconds = 1, seconds
			if !known && !slices.Contains(p.Unknown, n.stage) {
				p.Unknown = append(p.Unknown, n.stage)
			}
		}
		p.Stages[i].add(one)
		p.Total.add(one)
	}
}

// add adds the counts of another.
func (s *StagePlan) add(o StagePlan) {
	s.Points += o.Points
	s.Different += o.Different
	s.Shared += o.Shared
	s.Stored += o.Stored
	s.Run += o.Run
	s.Seconds += o.Seconds
}
