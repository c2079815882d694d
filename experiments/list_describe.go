package main

import (
	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// experimentInfo is one experiment of the list.
type experimentInfo struct {
	Name        string  `json:"name"`
	Application string  `json:"application"`
	Data        string  `json:"data"`
	Here        bool    `json:"here"` // the data can be read without fetching it
	Runs        int     `json:"runs"`
	Latest      string  `json:"latest,omitempty"`
	Seconds     float64 `json:"seconds,omitempty"` // what the latest run took
	About       string  `json:"about"`
}

// describeExperiment gathers what the list says of an experiment.
func (c *command) describeExperiment(name string, e config.Experiment) experimentInfo {
	l := experimentInfo{Name: name, Application: e.Data.Application.String(), Data: e.Data.Name, About: e.About}
	switch {
	case len(e.Data.Path) > 0:
		_, err := trace.Files(e.Data.Path)
		l.Data, l.Here = e.Data.Path.String(), err == nil
	case e.Data.Name == "":
		l.Data = "(data.path)"
	default:
		_, err := new(catalog.Catalog).Data(e.Data.Name)
		l.Here = err == nil
	}
	if ids, err := run.IDs(c.runs, name); err == nil {
		l.Runs = len(ids)
	}
	if m, err := run.LatestRun(c.runs, name); err == nil && m.Status == run.Finished {
		l.Latest, l.Seconds = m.ID, m.Seconds
	}
	return l
}
