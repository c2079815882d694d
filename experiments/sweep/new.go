package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

// Options are what a sweep is asked for beside its assignments. The zero value is none.
type Options struct {
	Seeds   int     // > 0: adds the axis seed=1..Seeds
	Name    string  // that the sweep can be found by
	OnError OnError // "": Stop
}

// Sweep is a sweep that can be planned and run. Its methods may be called from several
// goroutines once it is saved.
type Sweep struct {
	*Manifest

	runner  *runner.Runner
	session *pipeline.Session
}

// New makes a sweep of an experiment: each assignment is key=value for all points, or an
// axis, see Axis. Every point is resolved and checked; all problems are reported at once,
// each with a point that has it, as a runner.Mistake. Nothing is written. The caller must
// close the sweep.
func New(r *runner.Runner, name string, assignments []string, o Options) (*Sweep, error) {
	m, err := newManifest(r, name, assignments, o)
	if err == nil {
		err = m.identify(r.Runs)
	}
	if err == nil {
		err = m.checkPoints()
	}
	if err == nil {
		err = m.checkName(r.Runs)
	}
	if err != nil {
		return nil, runner.Mistake{Err: err}
	}
	return &Sweep{m, r, r.Session()}, nil
}

// newManifest parses what is asked for.
func newManifest(r *runner.Runner, name string, assignments []string, o Options) (*Manifest, error) {
	file, err := r.Read()
	if err != nil {
		return nil, err
	}
	base, err := file.Experiment(name)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Schema: schemaVersion, Name: o.Name, Experiment: name, Config: base, OnError: o.OnError, Fixed: []string{}}
	if m.OnError == "" {
		m.OnError = Stop
	}
	if m.OnError != Stop && m.OnError != Continue {
		return nil, fmt.Errorf("--on-error %q: want %s or %s", m.OnError, Stop, Continue)
	}
	fixed, axes, err := parse(assignments, o.Seeds)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	m.Fixed, m.Axes = append(m.Fixed, fixed...), axes
	return m, m.checkKeys()
}

// checkKeys reports keys that there are not.
func (m *Manifest) checkKeys() error {
	var problems []error
	for _, assignment := range slices.Concat(m.Fixed, keys(m.Axes)) {
		key, _, _ := strings.Cut(assignment, "=")
		if _, err := m.Config.Value(key); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// checkPoints reports what is wrong with points, each problem once.
func (m *Manifest) checkPoints() error {
	var found problems
	for index := range m.Len() {
		p := at(m.Axes, index+1)
		if _, err := m.resolve(p); err != nil {
			for line := range strings.Lines(err.Error()) {
				found.add(p, strings.TrimSpace(line))
			}
		}
	}
	return found.err(m.Len())
}

// resolve returns the configuration of a point.
func (m *Manifest) resolve(p Point) (config.Experiment, error) {
	overrides := m.overrides(p)
	e, err := m.Config.Override(overrides...)
	if err == nil {
		err = pipeline.CheckKeys(e, overrides)
	}
	if err == nil {
		_, err = pipeline.Graph(e)
	}
	return e, err
}

// overrides are all assignments of a point.
func (m *Manifest) overrides(p Point) []string { return slices.Concat(m.Fixed, p.Assignments) }

// checkName refuses a name that no sweep can have, or that another one has.
func (m *Manifest) checkName(runsDir string) error {
	if m.Name == "" {
		return nil
	}
	if err := (run.Annotation{Name: m.Name}).Check(); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	all, _ := List(runsDir) // one that cannot be read has no name
	for _, other := range all {
		if other.Name == m.Name && other.ID != m.ID {
			return fmt.Errorf("--name: sweep %s of %s is called %s: want another name", other.ID, other.Experiment, m.Name)
		}
	}
	return nil
}

// Open makes a sweep that is there ready to be run, see Find. The caller must close it.
func Open(r *runner.Runner, ref string) (*Sweep, error) {
	m, err := Find(r.Runs, ref)
	if err != nil {
		return nil, err
	}
	return &Sweep{m, r, r.Session()}, nil
}

// Close releases what the points compute on.
func (s *Sweep) Close() { s.session.Close() }

// Save keeps the sweep, so that its points can be run, by this process and by others. What
// an earlier start of it was called stays. Of a sweep that was never planned no shared stages
// are known: the first of the points that need one makes it.
func (s *Sweep) Save() error {
	s.Started = time.Now().UTC()
	s.Created = s.Started
	if earlier, err := read(s.Dir); err == nil {
		s.Created = earlier.Created
		if s.Name == "" {
			s.Name = earlier.Name
		}
		if s.Groups == nil {
			s.Groups = earlier.Groups
		}
	}
	if s.Groups == nil {
		s.Groups = []Group{}
	}
	return s.save()
}

// problems are texts with the points that have them.
type problems struct {
	texts  []string
	points map[string][]Point
}

// add notes a problem of a point.
func (f *problems) add(p Point, text string) {
	if f.points == nil {
		f.points = map[string][]Point{}
	}
	if f.points[text] == nil {
		f.texts = append(f.texts, text)
	}
	f.points[text] = append(f.points[text], p)
}

// err joins the problems, each with the first of its points, of a sweep of so many.
func (f *problems) err(all int) error {
	var list []error
	for _, text := range f.texts {
		points := f.points[text]
		which := points[0].String()
		switch {
		case len(points) == all && all > 1:
			which = fmt.Sprintf("all %d points", all)
		case len(points) > 1:
			which = fmt.Sprintf("%s and %d more", which, len(points)-1)
		}
		list = append(list, fmt.Errorf("%s: %s", which, text))
	}
	return errors.Join(list...)
}

// String is the point's number and assignments, as "point 3 (lstm.units=32 seed=3)".
func (p Point) String() string {
	return fmt.Sprintf("point %d (%s)", p.Index, strings.Join(p.Assignments, " "))
}
