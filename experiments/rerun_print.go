package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// printRepeated prints, stage by stage, whether a run's files are the same when it is
// run again, and returns how many are not.
func (c *command) printRepeated(first, again *run.Manifest, p *pipeline.Prepared) (differing int, err error) {
	preimage := func(name, key string) json.RawMessage {
		if len(key) != len(p.Job.Keys[name].Sum) {
			return nil
		}
		if entry := c.runner().Store().Find(name, stage.Key{Sum: key}); entry != nil {
			return entry.Preimage
		}
		return nil // it was removed
	}
	stages := comparison.Repeat(p.Job.Graph, first, again, preimage, p.Job.Keys)
	var rows [][]string
	for _, s := range stages {
		differing += len(s.Differing)
		same := "the same"
		if len(s.Differing) > 0 {
			same = "differ: " + strings.Join(s.Differing, " ")
		}
		rows = append(rows, []string{s.Stage, strconv.Itoa(s.Files), same, s.Why})
	}
	if c.json {
		return differing, printJSON(c.out, stages)
	}
	return differing, printTable(c.out, []string{"STAGE", "FILES", "", "WHY"}, rows)
}
