package main

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// count says how many points have each status, and what of the shared stages the queue
// holds.
func (q *sweepQueue) count(states []sweep.State) string {
	var counts []string
	for _, status := range []run.Status{run.Finished, run.Running, queued, run.Failed, run.Interrupted, lost, sweep.Waiting} {
		if n := countStates(states, status); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, status))
		}
	}
	text := strings.Join(counts, ", ")
	if n := len(q.groups); n > 0 {
		text += fmt.Sprintf("; groups of shared stages queued or running: %d", n)
	}
	return text
}

// endOfSweep prints the folder of a sweep all of whose points have finished, and is an
// error for any other.
func (c *command) endOfSweep(m *sweep.Manifest, queue *sweepQueue, states []sweep.State) error {
	if n := countStates(states, run.Finished); n < m.Len() {
		return fmt.Errorf("sweep %s: %d of %d points have not finished: %s: sweep status says why", m.Ref(), m.Len()-n, m.Len(), queue.count(states))
	}
	return printLine(c.out, "sweep: %s", m.Dir)
}
