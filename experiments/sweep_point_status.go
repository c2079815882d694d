package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// What a point is that a cluster runs, beside what its file says.
const (
	queued run.Status = "queued" // its task is in the queue
	lost   run.Status = "lost"   // its file says that it is running, no process does, and it is not in the queue
)

// status returns how far a point is by its file and by the queue, and what there is to say
// of it.
func (q *sweepQueue) status(m *sweep.Manifest, s sweep.State) (run.Status, string) {
	t, inQueue := q.points[s.Index]
	switch {
	case s.Status == run.Finished:
		return s.Status, s.Run
	case s.Status == run.Running:
		return s.Status, ""
	case inQueue && t.Reason != "":
		return queued, "task " + t.Name() + ": " + t.Reason
	case inQueue:
		return queued, "task " + t.Name() + " on " + t.Node
	case s.Status == run.Failed || !q.submitted[s.Index]:
		return s.Status, firstLine(s.Error)
	case s.Status == run.Interrupted && s.Seconds == 0: // an orderly end says how long it took
		return lost, q.lastLine(m, s.Index)
	}
	return s.Status, q.lastLine(m, s.Index)
}

// lastLine is what the log of the task that was to run a point ends with.
func (q *sweepQueue) lastLine(m *sweep.Manifest, index int) string {
	for i := len(q.jobs) - 1; i >= 0; i-- {
		j := q.jobs[i]
		for task, items := range j.Tasks {
			if isShared(j) || !slices.Contains(itemNumbers(items), index) {
				continue
			}
			folder := filepath.Join(m.Dir, slurmFolder)
			text, err := os.ReadFile(j.Log(folder, task))
			if err != nil {
				return "not in the queue, and without a log: it was cancelled, or the nodes do not see " + folder
			}
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			return "not in the queue; its log ends: " + lines[len(lines)-1]
		}
	}
	return ""
}
