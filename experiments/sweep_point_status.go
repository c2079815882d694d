package main

import (
	"os"
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
	case inQueue && t.Node != "":
		return queued, "task " + t.Name() + " on " + t.Node
	case inQueue:
		return queued, "task " + t.Name() + ": " + t.Reason
	case s.Status == run.Failed || !q.submitted[s.Index]:
		return s.Status, firstLine(s.Error)
	case s.Status == run.Interrupted && s.Seconds == 0: // an orderly end says how long it took
		return lost, q.lastLine(m, s.Index)
	}
	return s.Status, q.lastLine(m, s.Index)
}

// lastWord is the last line of a log in which Slurm, the script or the program says why a
// task ended, or else the last one.
func lastWord(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range slices.Backward(lines) {
		if strings.HasPrefix(line, "slurm") || strings.HasPrefix(line, "error: ") {
			return line
		}
	}
	return lines[len(lines)-1]
}

// lastLine is what the log of the task that was to run a point ends with.
func (q *sweepQueue) lastLine(m *sweep.Manifest, index int) string {
	for i := len(q.jobs) - 1; i >= 0; i-- {
		j := q.jobs[i]
		for task, items := range j.Tasks {
			if isShared(j) || !slices.Contains(itemNumbers(items), index) {
				continue
			}
			folder := m.SlurmDir()
			text, err := os.ReadFile(j.Log(folder, task))
			if err != nil {
				return "not in the queue, and without a log: it was cancelled, or the nodes do not see " + folder
			}
			if len(text) == 0 {
				return "not in the queue, and its log is empty"
			}
			return "not in the queue; its log ends: " + lastWord(string(text))
		}
	}
	return ""
}
