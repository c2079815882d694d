package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// describeGroup says what points share.
func describeGroup(g sweep.Group) string {
	return fmt.Sprintf("shared by %d points: %s", len(g.Points), strings.Join(g.Stages, ", "))
}

// describePoint is a point that has ended in one line: its values, how long it took and
// its main scores, or why it failed.
func (c *command) describePoint(state sweep.State) string {
	text := state.Point.String() + "  "
	if state.Status != run.Finished {
		return text + string(state.Status) + ": " + firstLine(state.Error)
	}
	text += run.Seconds(state.Seconds)
	m, err := run.Open(filepath.Join(c.runs, filepath.FromSlash(state.Run)))
	if err != nil {
		return text
	}
	scores, err := report.ReadScores(m)
	if err != nil {
		return text
	}
	for _, d := range listing.Columns {
		if s := d.In(scores); s != nil && s.Value != nil {
			text += "  " + d.Name + " " + decimal(s.Value)
		}
	}
	return text
}

// firstLine is the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
