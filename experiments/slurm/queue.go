package slurm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Task is a task that is in the queue.
type Task struct {
	Job    Job
	Number int    // in the job
	State  string // PENDING, RUNNING, COMPLETING, ...
	Node   string // that it runs on; "": none yet
	Reason string // why it is pending
}

// Name is the task as Slurm calls it, like 12_3.
func (t Task) Name() string { return t.Job.ID + "_" + strconv.Itoa(t.Number) }

// Items are what the task does.
func (t Task) Items() []string { return t.Job.Tasks[t.Number] }

// Queue lists the tasks of the jobs that are pending or running. What has ended is in the
// queue no more.
func (c *Cluster) Queue(ctx context.Context, jobs []Job) ([]Task, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	// The output of --json differs from one release to the next; these fields do not.
	out, err := call(ctx, "squeue", "--noheader", "--array", "--jobs="+strings.Join(IDs(jobs), ","), "--format=%F|%K|%T|%N|%r")
	if err != nil && strings.Contains(err.Error(), "Invalid job id") { // of a single job that is forgotten
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseQueue(out, jobs), nil
}

// parseQueue reads the lines of squeue, and leaves out what is no task of the jobs.
func parseQueue(text string, jobs []Job) []Task {
	var tasks []Task
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), "|", 5)
		if len(f) != 5 {
			continue
		}
		number, err := strconv.Atoi(f[1])
		i := slices.IndexFunc(jobs, func(j Job) bool { return j.ID == f[0] })
		if err != nil || i < 0 || number < 0 || number >= len(jobs[i].Tasks) {
			continue
		}
		t := Task{Job: jobs[i], Number: number, State: f[2], Node: f[3]}
		if t.State == "PENDING" {
			t.Reason = f[4]
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// Cancel ends the jobs; those that run store what they have.
func (c *Cluster) Cancel(ctx context.Context, jobs []Job) error {
	if len(jobs) == 0 {
		return errors.New("slurm: no job to cancel")
	}
	_, err := call(ctx, "scancel", IDs(jobs)...)
	return err
}

// IDs are the numbers of jobs.
func IDs(jobs []Job) []string {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	return ids
}
