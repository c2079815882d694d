package run

import (
	"fmt"
	"time"
)

// Stage runs one part of the work: f between two readings of the clock. Inputs
// are names of the Spec's inputs, of artifacts or folders of artifacts that
// earlier stages made, and of keys or tables of the configuration behind
// "config.", as in "config.vae". Afterwards the files that f made are digested
// and the stage enters the manifest's table. An error of f comes back with the
// stage's name.
func (r *Run) Stage(name string, inputs []string, f func() error) error {
	digests, err := r.inputDigests(inputs)
	if err != nil {
		return fmt.Errorf("run: stage %s: %w", name, err)
	}
	before := r.known()
	stage := Stage{Name: name, Started: r.now().UTC(), Inputs: digests, Outputs: map[string]string{}}
	stage.Metrics[0], r.note = r.offset(), ""
	r.Log("stage %s", name)
	if err := f(); err != nil {
		r.Log("stage %s: %v", name, err)
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := r.scan(); err != nil {
		return fmt.Errorf("run: stage %s: %w", name, err)
	}
	stage.Metrics[1] = r.offset()
	for artifact, sha := range r.known() {
		if before[artifact] != sha {
			stage.Outputs[artifact] = sha
		}
	}
	stage.Seconds, stage.Note = r.now().UTC().Sub(stage.Started).Seconds(), r.note
	return r.enter(stage)
}

// enter appends a stage to the table and says so.
func (r *Run) enter(stage Stage) error {
	r.mu.Lock()
	r.manifest.Stages = append(r.manifest.Stages, stage)
	r.mu.Unlock()
	duration := Seconds(stage.Seconds)
	if stage.Reused {
		duration = "reused"
	}
	r.out.row(stage.Name, duration, stage.Note)
	return r.save()
}

// Note sets what the terminal says of the running stage when it is done, like
// "612 flows, 9,311 packets".
func (r *Run) Note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note = fmt.Sprintf(format, args...)
}

// Progress shows how far the running stage is. It is never nil.
func (r *Run) Progress() Progress { return r.out.Progress() }

// known is the digest of each artifact so far.
func (r *Run) known() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	digests := make(map[string]string, len(r.artifacts))
	for name, a := range r.artifacts {
		digests[name] = a.SHA256
	}
	return digests
}

// Seconds writes a duration for a table: "0.42 s", "12.3 s", "4m05s".
func Seconds(s float64) string {
	switch {
	case s < 9.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 99.95:
		return fmt.Sprintf("%.1f s", s)
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
