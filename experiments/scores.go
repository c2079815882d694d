package main

import (
	"maps"
	"slices"
	"strconv"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// printScores writes scores as the table that runs end with, or as JSON.
func (c *command) printScores(scores []fidelity.Score) error {
	if c.json {
		return printJSON(c.out, scores)
	}
	baselines := map[string]bool{}
	for _, s := range scores {
		for name := range s.Baselines {
			baselines[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(baselines))
	heads := []string{"APPLICATION", "LEVEL", "SCORE", "VALUE", "FLOOR"}
	for _, name := range names {
		heads = append(heads, name)
	}
	var rows [][]string
	for _, s := range scores {
		row := []string{s.Application, s.Level, s.Score, decimal(s.Value), decimal(s.Floor)}
		for _, name := range names {
			row = append(row, decimal(s.Baselines[name]))
		}
		rows = append(rows, append(row, s.Note))
	}
	return printTable(c.out, append(heads, ""), rows)
}

// decimal writes a score, "-" for one that could not be computed.
func decimal(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', 3, 64)
}
