package main

import (
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/sweep"
)

// printSweepReport prints a row for each score and combination, then the best point.
func (c *command) printSweepReport(r *sweep.Report) error {
	heads := []string{"SCORE"}
	for _, assignment := range r.Combinations[0].Assignments {
		key, _, _ := strings.Cut(assignment, "=")
		heads = append(heads, key)
	}
	heads = append(heads, "N", "MEAN", "DEVIATION", "LEAST", "GREATEST", "REAL")
	var rows [][]string
	for _, s := range r.Scores {
		for i, combination := range r.Combinations {
			row := []string{s.Name}
			for _, assignment := range combination.Assignments {
				_, value, _ := strings.Cut(assignment, "=")
				row = append(row, value)
			}
			spread := s.Spreads[i]
			mean := decimal(spread.Mean) + map[bool]string{true: "*", false: " "}[spread.Nearest]
			rows = append(rows, append(row, strconv.Itoa(spread.N), mean, decimal(spread.Deviation), decimal(spread.Least), decimal(spread.Greatest), decimal(spread.Real)))
		}
	}
	if err := printTable(c.out, heads, rows); err != nil {
		return err
	}
	if err := printLine(c.out, "%d of %d points of sweep %s", r.Finished, r.Sweep.Len(), r.Sweep.Ref()); err != nil {
		return err
	}
	for _, v := range r.Verdicts {
		if err := printLine(c.out, "%s: %d of %d points", v.Headline, v.Points, r.Finished); err != nil {
			return err
		}
	}
	if r.Best == nil {
		return nil
	}
	return printLine(c.out, "best by %s: %s, %.3f, on average over its seeds %.3f\n  %s", r.Best.Rule, r.Best.Point, r.Best.Own, r.Best.Mean, r.Best.Command)
}
