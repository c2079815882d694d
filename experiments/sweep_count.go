package main

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// countPoints says how many points have each status.
func countPoints(states []sweep.State) string {
	var counts []string
	for _, status := range []run.Status{run.Finished, run.Running, queued, run.Failed, run.Interrupted, lost, sweep.Waiting} {
		if n := countStates(states, status); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(counts, ", ")
}

// endOfSweep prints the folder of a sweep all of whose points have finished, and is an
// error for any other.
func (c *command) endOfSweep(m *sweep.Manifest, states []sweep.State) error {
	if n := countStates(states, run.Finished); n < m.Len() {
		return fmt.Errorf("sweep %s: %d of %d points have not finished: %s: sweep status says why", m.Ref(), m.Len()-n, m.Len(), countPoints(states))
	}
	return printLine(c.out, "sweep: %s", m.Dir)
}
