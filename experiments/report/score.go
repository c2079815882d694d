package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Scores is the score table of one application and of the levels given, all if
// none is.
func Scores(scores []fidelity.Score, application string, levels ...string) Table {
	var chosen []fidelity.Score
	for _, s := range scores {
		if s.Application == application && (len(levels) == 0 || slices.Contains(levels, s.Level)) {
			chosen = append(chosen, s)
		}
	}
	names := baselinesOf(chosen)
	t := Table{Title: "Scores of " + application, Heads: []string{"level", "score", "value", "95 %", "floor", "±"}, Right: []bool{false, false, true, true, true, true}}
	for _, name := range names {
		t.Heads, t.Right = append(t.Heads, name), append(t.Right, true)
	}
	t.Heads, t.Right = append(t.Heads, "grade", "note"), append(t.Right, false, false)
	for _, s := range chosen {
		row := []string{s.Level, s.Score, formatScore(s.Value), Interval(s.Interval), formatScore(s.Floor), formatScore(s.FloorSpread)}
		for _, name := range names {
			row = append(row, formatScore(s.Baselines[name]))
		}
		t.Rows = append(t.Rows, append(row, gradeOf(s).marked(), noteOf(s)))
	}
	return t
}

// baselinesOf lists the names of the baselines of scores.
func baselinesOf(scores []fidelity.Score) []string {
	names := map[string]bool{}
	for _, s := range scores {
		for name := range s.Baselines {
			names[name] = true
		}
	}
	return sortedKeys(names)
}

// Interval writes the 95 % interval of a score, nothing for nil: not every score has one.
func Interval(ends *[2]float64) string {
	if ends == nil {
		return ""
	}
	return formatScore(&ends[0]) + "–" + formatScore(&ends[1])
}

// noteOf is a score's note, before it what a classifier looked at.
func noteOf(s fidelity.Score) string {
	var parts []string
	if len(s.LooksAt) > 0 {
		parts = append(parts, "by "+strings.Join(s.LooksAt, ", "))
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.Join(parts, "; ")
}

// applications lists the applications of scores in their order.
func applications(scores []fidelity.Score) []string {
	var names []string
	for _, s := range scores {
		if !slices.Contains(names, s.Application) {
			names = append(names, s.Application)
		}
	}
	return names
}

// formatScore writes a score with three digits behind the point, fewer where it is
// large, and a dash where there is none.
func formatScore(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case math.Abs(*v) >= 1000:
		return thousands(int64(math.Round(*v)))
	case math.Abs(*v) >= 10:
		return fmt.Sprintf("%.1f", *v)
	}
	return fmt.Sprintf("%.3f", *v)
}
