package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// runInfo is what the list says of a run. Of a folder that cannot be read it has the
// folder and the problem alone.
type runInfo struct {
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

	all []fidelity.Score
}

// describeRun gathers what the list says of a run.
func describeRun(m *run.Manifest) runInfo {
	info := runInfo{Dir: m.Dir, Experiment: m.Experiment, ID: m.ID, Annotation: m.Annotation, Status: m.State(), Started: m.Started,
		Seconds: m.Seconds, Generator: string(m.Config.Generator), Problem: m.Error}
	if m.Status != run.Finished {
		return info
	}
	var err error
	if info.all, err = report.ReadScores(m); err != nil {
		info.Problem = err.Error()
	}
	info.Scores = map[string]*float64{}
	for _, s := range slices.Backward(fidelity.Closing(info.all)) { // the first of a name is that of all applications
		info.Scores[s.Level+"/"+s.Score] = s.Value
	}
	return info
}

// otherFolders describes the folders among the runs that hold none that can be read, and
// those that commands have left.
func (c *command) otherFolders(broken []run.Broken) ([]runInfo, error) {
	var others []runInfo
	for _, b := range broken {
		others = append(others, runInfo{Dir: b.Dir, Problem: "unreadable: " + b.Err.Error()})
	}
	left, err := run.Leftovers(c.runs)
	for _, l := range left {
		others = append(others, runInfo{Dir: l.Dir, Problem: fmt.Sprintf("left by a command, %s: cache prune removes it", disk.Size(float64(l.Bytes)))})
	}
	return others, err
}
