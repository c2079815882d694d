// Package listing lists runs for the command and for pages: what a list says of each,
// which of them conditions let through, and in which order they stand.
//
//	Run     a run, and what the list says of it
//	Filter  conditions that all have to hold
//	Lister  lists one folder of runs again and again and reads only what has changed
//	Sort    the order
package listing

import (
	"slices"
	"time"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// Run is what the list says of a run. Of a folder that cannot be read it has the
// folder and the problem alone.
type Run struct {
	Dir        string `json:"run"`
	Experiment string `json:"experiment,omitempty"`
	ID         string `json:"id,omitempty"`
	run.Annotation
	Status    run.Status          `json:"status,omitempty"`
	Started   time.Time           `json:"started,omitzero"`
	Seconds   float64             `json:"seconds,omitempty"`
	Generator string              `json:"generator,omitempty"`
	Scores    map[string]*float64 `json:"scores,omitempty"`  // the closing ones, level/name
	Problem   string              `json:"problem,omitempty"` // what ended the run, or why it cannot be read

	Manifest *run.Manifest    `json:"-"` // nil of a folder that cannot be read
	All      []fidelity.Score `json:"-"` // every score
}

// Columns are the scores that a list has columns for, where a run has them.
var Columns = []fidelity.Definition{{Level: "classifier", Name: "C2ST flow"}, {Level: "classifier", Name: "C2ST window"}, {Level: "privacy", Name: "copied flows"}}

// describe gathers what the list says of a run.
func describe(m *run.Manifest) Run {
	r := Run{Dir: m.Dir, Experiment: m.Experiment, ID: m.ID, Annotation: m.Annotation, Status: m.State(), Started: m.Started,
		Seconds: m.Seconds, Generator: string(m.Config.Generator), Problem: m.Error, Manifest: m}
	if m.Status != run.Finished {
		return r
	}
	var err error
	if r.All, err = report.ReadScores(m); err != nil {
		r.Problem = err.Error()
	}
	r.Scores = map[string]*float64{}
	for _, s := range slices.Backward(fidelity.Closing(r.All)) { // the first of a name is that of all applications
		r.Scores[s.Level+"/"+s.Score] = s.Value
	}
	return r
}

// Score returns the value of a score of the run, that of all applications together;
// nil: it has none.
func (r *Run) Score(d fidelity.Definition) *float64 {
	if s := d.In(r.All); s != nil {
		return s.Value
	}
	return nil
}
