package serve

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// shownPoints bounds the points of a sweep that its page shows.
const shownPoints = 2000

// sweepRow is a sweep in the list of sweeps.
type sweepRow struct {
	*sweep.Manifest
	Keys   string // that are swept
	Counts []count
	Done   int // points that have finished
	Unread string
}

// count is how many points have a status.
type count struct {
	Status run.Status
	N      int
}

// states are those of points in the order in which pages name them.
var states = []run.Status{run.Finished, run.Running, run.Failed, run.Interrupted, sweep.Waiting}

// sweeps answers with all sweeps.
func (s *Server) sweeps(w http.ResponseWriter, r *http.Request) {
	all, unreadable := sweep.List(s.runs)
	d := struct {
		Sweeps []sweepRow
		Unread string
	}{}
	if unreadable != nil {
		d.Unread = unreadable.Error()
	}
	every := 5
	for _, m := range all {
		points, problems := points(m)
		row := sweepRow{Manifest: m, Keys: keys(m), Counts: counts(points)}
		if err := errors.Join(problems...); err != nil {
			row.Unread = err.Error()
		}
		for _, c := range row.Counts {
			switch c.Status {
			case run.Finished:
				row.Done = c.N
			case run.Running:
				every = 2
			}
		}
		d.Sweeps = append(d.Sweeps, row)
	}
	s.send(w, r, http.StatusOK, document{Title: "Sweeps", Every: every, Content: "sweeps", Data: d})
}

// keys returns what a sweep is over.
func keys(m *sweep.Manifest) string {
	var all []string
	for _, a := range m.Axes {
		all = append(all, a.Key)
	}
	return strings.Join(all, ", ")
}

// points reads how far each point is, and why some of them cannot be read.
func points(m *sweep.Manifest) (all []sweep.State, problems []error) {
	for i := range m.Len() {
		state, err := m.State(i + 1)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, state)
	}
	return all, problems
}

// counts counts points by status, without those that none has.
func counts(points []sweep.State) []count {
	var all []count
	for _, status := range states {
		c := count{Status: status}
		for _, p := range points {
			if p.Status == status {
				c.N++
			}
		}
		if c.N > 0 {
			all = append(all, c)
		}
	}
	return all
}

// sweepData is what the page of a sweep shows.
type sweepData struct {
	sweepRow
	Columns []fidelity.Definition
	Points  []pointRow
	Left    int         // points that are not shown
	Jobs    []slurm.Job // that were ever submitted
	Shared  []*work     // stages that several points need and that are under way
	Summary *summary
}

// pointRow is a point in the page of its sweep.
type pointRow struct {
	sweep.State
	Inputs []string      // its values, in the order of the axes
	Made   *run.Manifest // nil: its run is not there, or not any more
	Folder string        // of the run, experiment/id
	Work   *work         // nil: no stage is under way
	Values []*float64    // of the columns
}

// sweep answers with the page of a sweep.
func (s *Server) sweep(w http.ResponseWriter, r *http.Request) {
	m, err := s.findSweep(r.PathValue("id"))
	if err != nil {
		s.problem(w, r, http.StatusNotFound, err)
		return
	}
	runs, _, err := s.list.List()
	if err != nil {
		s.problem(w, r, http.StatusInternalServerError, err)
		return
	}
	all, problems := points(m)
	d := sweepData{sweepRow: sweepRow{Manifest: m, Keys: keys(m), Counts: counts(all)}, Columns: listing.Columns, Summary: s.summarize(m, all)}
	d.Jobs, err = slurm.Jobs(m.SlurmDir())
	if err := errors.Join(append(problems, err)...); err != nil {
		d.Unread = err.Error()
	}
	d.Shared = s.shared(m)
	every := 5
	for _, c := range d.Counts {
		switch c.Status {
		case run.Finished:
			d.Done = c.N
		case run.Running:
			every = 2
		}
	}
	if len(d.Shared) > 0 {
		every = 2
	}
	d.Left = max(0, len(all)-shownPoints)
	d.Points = s.rows(m, all[:len(all)-d.Left], runs)
	s.send(w, r, http.StatusOK, document{Title: "Sweep " + m.Ref(), Every: every, Content: "sweep", Data: d})
}

// rows describes points with their runs: of one that has finished the run that it names,
// of one that is running a run under way that has its settings.
func (s *Server) rows(m *sweep.Manifest, points []sweep.State, runs []listing.Run) []pointRow {
	byFolder := map[string]listing.Run{}
	var running []listing.Run
	for _, r := range runs {
		byFolder[folder(r.Manifest)] = r
		if r.Status == run.Running {
			running = append(running, r)
		}
	}
	var rows []pointRow
	for _, p := range points {
		row := pointRow{State: p, Values: make([]*float64, len(listing.Columns))}
		for _, assignment := range p.Assignments {
			_, value, _ := strings.Cut(assignment, "=")
			row.Inputs = append(row.Inputs, value)
		}
		made, ok := byFolder[p.Run]
		if p.Status == run.Running {
			f := listing.Filter{Experiment: m.Experiment, Settings: slices.Concat(m.Fixed, p.Assignments)}
			if i := slices.IndexFunc(running, f.Lets); i >= 0 {
				made, ok = running[i], true
				row.Work = s.work(made.Manifest)
			}
		}
		if ok {
			row.Made, row.Folder = made.Manifest, folder(made.Manifest)
			for k, c := range listing.Columns {
				row.Values[k] = made.Score(c)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// shared returns how far the stages are that several points need and that are made first.
func (s *Server) shared(m *sweep.Manifest) []*work {
	made, _, err := run.List(m.SharedDir())
	if err != nil {
		return nil // of what is made and removed under way nothing needs to be said
	}
	var all []*work
	for _, one := range made {
		if w := s.work(one); w != nil && one.State() == run.Running {
			all = append(all, w)
		}
	}
	return all
}

// findSweep returns the sweep of an id. Only sweeps that a list has are found, so nothing
// of a request becomes a path.
func (s *Server) findSweep(id string) (*sweep.Manifest, error) {
	all, unreadable := sweep.List(s.runs)
	for _, m := range all {
		if filepath.Base(m.Dir) == id {
			return m, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("there is no sweep %s any more, or there never was", id), unreadable)
}
