package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

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

// listed are the scores that the list has columns for, where a run has them.
var listed = []fidelity.Definition{{Level: "classifier", Name: "C2ST flow"}, {Level: "classifier", Name: "C2ST window"}, {Level: "copying", Name: "copied flows"}}

// printRuns prints a table of runs. The scores of conditions have columns of their own.
func (c *command) printRuns(infos []runInfo, conditions []fidelity.Condition) error {
	columns := slices.Clone(listed)
	for _, condition := range conditions {
		shown := func(d fidelity.Definition) bool { return d.Level == condition.Level && d.Name == condition.Name }
		if !slices.ContainsFunc(columns, shown) {
			columns = append(columns, condition.Definition)
		}
	}
	heads := []string{"RUN", "NAME", "STATUS", "STARTED", "TOOK", "GENERATOR"}
	for _, d := range columns {
		heads = append(heads, d.Name)
	}
	heads = append(heads, "TAGS")
	var rows [][]string
	for _, info := range infos {
		row := []string{info.Experiment + "/" + info.ID, cmp.Or(info.Name, "-"), string(info.Status), info.Started.Local().Format("2006-01-02 15:04"), "-", info.Generator}
		if info.Seconds > 0 {
			row[4] = run.Seconds(info.Seconds)
		}
		for _, d := range columns {
			var value *float64
			if s := d.In(info.all); s != nil {
				value = s.Value
			}
			row = append(row, decimal(value))
		}
		rows = append(rows, append(row, strings.Join(info.Tags, " ")))
	}
	return printTable(c.out, heads, rows)
}
