// Package slurm has a cluster run what would otherwise run here, through the programs
// of Slurm itself (https://slurm.schedmd.com, seen with 22.05): sbatch, squeue, scancel,
// scontrol and sinfo. Nothing of this program waits beside the jobs: whoever wants to know
// how they are asks the queue, and reads the files that the tasks write.
//
//	Array       items of work for one call of the program each, or for several items
//	Submission  a part of an array that the cluster takes at once: a script and its tasks
//	Job         a submission that the cluster has taken
//	Task        a task of a job that is in the queue
//	Cluster     submits, asks and cancels
//
// # A task
//
// A task of an array calls the program with its items behind the array's arguments. Its
// script adds what a cluster needs beside that.
//
// Two minutes before the time limit Slurm sends SIGUSR1 to the script, which sends SIGTERM
// to the program. The program stores what it has, ends with exit code 3, and the script has
// Slurm queue this task again. Somebody's scancel --batch --signal=USR1 does the same. Where
// Slurm itself ends a task, because of scancel, a preemption or scontrol requeue, it sends
// SIGTERM to the program and the script; then the state of the job is no longer RUNNING, and
// the script leaves to Slurm whether the task is queued again: after a preemption it is,
// after scancel it is not.
//
// When a node is lost Slurm queues its tasks again. A task that has lost its node twice ends
// with an error, since it may have been what brought the nodes down. It is recognised by
// SLURM_RESTART_COUNT, less the orderly stops that the task's log tells of.
//
// # What must be shared
//
// The nodes must see the folder of runs, the working folder and the data under the paths
// that they have here, and have bash, pkill and Slurm's own programs. The program is copied into the array's folder: what is built later
// does not change what is queued.
package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Cluster is the cluster that this machine submits to.
type Cluster struct {
	Version      string // of Slurm, like "22.05.8"
	MaxArraySize int    // no task of an array may have this number or a higher one

	pauses []time.Duration // before sbatch is tried again
}

// DefaultArraySize is MaxArraySize of a cluster that sets none.
const DefaultArraySize = 1001

// Find returns the cluster that this machine submits to. The error says what is missing:
// the programs, or the cluster's answer.
func Find(ctx context.Context) (*Cluster, error) {
	if _, err := exec.LookPath("sbatch"); err != nil {
		return nil, errors.New("slurm: no sbatch on the PATH: want a machine that submits to a cluster, like its login node, or --executor local")
	}
	config, err := call(ctx, "scontrol", "show", "config")
	if err != nil {
		return nil, err
	}
	c := &Cluster{MaxArraySize: DefaultArraySize, pauses: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}}
	for line := range strings.Lines(config) {
		key, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "SLURM_VERSION":
			c.Version = value
		case "MaxArraySize":
			if c.MaxArraySize, err = strconv.Atoi(value); err != nil || c.MaxArraySize < 1 {
				return nil, fmt.Errorf("slurm: MaxArraySize is %s: this cluster takes no arrays", value)
			}
		}
	}
	return c, nil
}

// Partition is a part of a cluster as sinfo lists it.
type Partition struct {
	Name, State, Time string // "gpu", "up", its time limit like "1-00:00:00" or "infinite"
	Nodes             string // how many there are
}

// Partitions lists the partitions of the cluster.
func (c *Cluster) Partitions(ctx context.Context) ([]Partition, error) {
	out, err := call(ctx, "sinfo", "--noheader", "--format=%R|%a|%l|%D")
	if err != nil {
		return nil, err
	}
	var all []Partition
	for line := range strings.Lines(out) {
		if f := strings.Split(strings.TrimSpace(line), "|"); len(f) == 4 {
			all = append(all, Partition{Name: f[0], State: f[1], Time: f[2], Nodes: f[3]})
		}
	}
	return all, nil
}

// call runs one of Slurm's programs and returns what it prints. The error is the
// program's own message.
func call(ctx context.Context, name string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("slurm: %s: %w", name, ctx.Err())
	}
	var said []string
	for line := range strings.Lines(complaint.String()) {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{name + ": ", "error: ", "fatal: ", "Batch job submission failed: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if line != "" {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "", fmt.Errorf("slurm: %s: %w", name, err)
	}
	return "", fmt.Errorf("slurm: %s: %s", name, strings.Join(said, "; "))
}
