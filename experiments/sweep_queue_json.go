package main

// queuedTask is a task of the queue as --json prints it.
type queuedTask struct {
	Task   string   `json:"task"`
	Shared bool     `json:"shared"` // its items are groups of shared stages, not points
	Items  []string `json:"items"`
	State  string   `json:"state"`
	Node   string   `json:"node,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// describe lists the tasks that are in the queue.
func (q *sweepQueue) describe() (all []queuedTask) {
	for _, t := range q.tasks {
		all = append(all, queuedTask{t.Name(), isShared(t.Job), t.Items(), t.State, t.Node, t.Reason})
	}
	return all
}
