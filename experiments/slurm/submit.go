package slurm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// Job is a submission that a cluster has taken.
type Job struct {
	ID        string     `json:"job"`       // a number
	Array     string     `json:"array"`     // the array's name
	Tasks     [][]string `json:"tasks"`     // the items of each task
	Submitted time.Time  `json:"submitted"` // UTC
}

// Log is the file in the array's folder that a task of the job writes to.
func (j Job) Log(folder string, task int) string {
	return filepath.Join(folder, j.Array+"_"+j.ID+"_"+strconv.Itoa(task)+".log")
}

// jobsName is the list of jobs in an array's folder, a line of JSON for each.
const jobsName = "jobs.jsonl"

// Submit has the cluster run the array when what it depends on has ended. It copies this
// program into the array's folder, writes the scripts there, and notes each job as soon as
// the cluster has taken it. The jobs that were taken come with an error, too.
func (c *Cluster) Submit(ctx context.Context, a Array, after Dependency) ([]Job, error) {
	if err := os.MkdirAll(a.Folder, 0o777); err != nil {
		return nil, fmt.Errorf("slurm: %w", err)
	}
	if err := copyProgram(filepath.Join(a.Folder, programName)); err != nil {
		return nil, fmt.Errorf("slurm: copy this program: %w", err)
	}
	var jobs []Job
	previous := "" // the id of the job before
	for _, s := range a.Submissions(c.MaxArraySize) {
		if err := atomicfile.WriteFile(s.File, []byte(s.Script)); err != nil {
			return jobs, fmt.Errorf("slurm: %w", err)
		}
		job := Job{Array: a.Name, Tasks: s.Tasks, Submitted: time.Now().UTC().Truncate(time.Second)}
		var err error
		if job.ID, err = c.sbatch(ctx, s.args(after, previous)); err != nil {
			return jobs, err
		}
		jobs, previous = append(jobs, job), job.ID
		if err := note(filepath.Join(a.Folder, jobsName), job); err != nil {
			return jobs, fmt.Errorf("slurm: note job %s: %w", job.ID, err)
		}
	}
	return jobs, nil
}

// passing are what errors of sbatch say that another try may not meet.
var passing = []string{"socket timed out", "resource temporarily unavailable", "try again", "unable to contact slurm controller", "transport endpoint is not connected", "connection refused", "connection reset"}

// sbatch submits and returns the id of the job. It tries again, after longer and longer
// pauses, where the controller is busy or restarts. Where only the answer was lost a job
// is in the queue twice; its tasks find the work done, or wait for each other.
func (c *Cluster) sbatch(ctx context.Context, args []string) (string, error) {
	for i := 0; ; i++ {
		out, err := call(ctx, "sbatch", args...)
		if err == nil {
			id, _, _ := strings.Cut(strings.TrimSpace(out), ";") // a cluster's name follows where there are several
			if _, err := strconv.ParseUint(id, 10, 64); err != nil {
				return "", fmt.Errorf("slurm: sbatch: prints %q: want the number of a job", out)
			}
			return id, nil
		}
		if i == len(c.pauses) || !mayPass(err) {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("slurm: sbatch: %w", ctx.Err())
		case <-time.After(c.pauses[i]):
		}
	}
}

// mayPass reports whether the same call may succeed later.
func mayPass(err error) bool {
	said := strings.ToLower(err.Error())
	for _, text := range passing {
		if strings.Contains(said, text) {
			return true
		}
	}
	return false
}

// note appends a job to a list.
func note(path string, job Job) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return json.NewEncoder(f).Encode(job)
}

// Jobs lists the jobs that were submitted from an array's folder, the oldest first. It is
// no error if there are none.
func Jobs(folder string) ([]Job, error) {
	f, err := os.Open(filepath.Join(folder, jobsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("slurm: %w", err)
	}
	defer f.Close()
	var jobs []Job
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF { // a line without its end is being written
			return jobs, nil
		}
		if err != nil {
			return nil, fmt.Errorf("slurm: %w", err)
		}
		var job Job
		if err := json.Unmarshal(line, &job); err != nil {
			return nil, fmt.Errorf("slurm: %s:%d: %w", f.Name(), len(jobs)+1, err)
		}
		jobs = append(jobs, job)
	}
}

// copyProgram copies the program that runs to a path.
func copyProgram(path string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := os.Open(own)
	if err != nil {
		return err
	}
	defer in.Close()
	err = atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Chmod(path, info.Mode()|info.Mode()&0o444>>2) // whoever may read it may run it
}
