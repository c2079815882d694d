package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// printSweepPlan prints what a sweep needs, stage by stage and in all.
func (c *command) printSweepPlan(p *sweep.Plan) error {
	var rows [][]string
	for _, s := range append(p.Stages, p.Total) {
		row := []string{s.Stage}
		for _, n := range []int{s.Points, s.Different, s.Shared, s.Stored, s.Run} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, append(row, takes(s)))
	}
	rows[len(rows)-1][0] = "all"
	if err := printTable(c.out, []string{"STAGE", "NEEDED", "DIFFERENT", "SHARED", "STORED", "TO RUN", "ABOUT"}, rows); err != nil {
		return err
	}
	var axes []string
	for _, a := range p.Axes {
		axes = append(axes, fmt.Sprintf("%d values of %s", len(a.Values), a.Key))
	}
	estimate := ""
	if p.Total.Run > 0 {
		estimate = " in about " + takes(p.Total)
	}
	if len(p.Unknown) > 0 {
		estimate = " in an unknown time: of " + strings.Join(p.Unknown, ", ") + " no result was ever made"
	}
	return printLine(c.out, "sweep %s of %s: %s: %d points, %d finished; %d stages to run%s", p.ID, p.Experiment, strings.Join(axes, " x "), p.Points, p.Finished, p.Total.Run, estimate)
}

// takes is how long what would run of a stage takes.
func takes(s sweep.StagePlan) string {
	switch {
	case s.Run == 0:
		return "-"
	case s.Seconds == 0:
		return "unknown"
	}
	return run.Seconds(s.Seconds)
}
