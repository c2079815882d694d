package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
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

// Reuse takes a stage over from the interrupted run that this one resumes, if it
// finished there with the same inputs and what it wrote is still whole. The
// caller then reads the stage's artifacts instead of making them:
//
//	if r.Reuse("vae", inputs) { ... load } else if err := r.Stage("vae", inputs, train); err != nil { ... }
func (r *Run) Reuse(name string, inputs []string) bool {
	digests, err := r.inputDigests(inputs)
	if err != nil || r.old == nil {
		return false
	}
	stage, ok := r.old.stage(name)
	if !ok || !equal(stage.Inputs, digests) || !r.adopt(stage) {
		return false
	}
	first := r.offset()
	r.mu.Lock()
	_, err = r.metrics.Write(r.old.metrics[stage.Metrics[0]:stage.Metrics[1]])
	r.mu.Unlock()
	if err != nil {
		return false
	}
	stage.Metrics = [2]int64{first, r.offset()}
	stage.Reused = true
	r.Log("stage %s: reused", name)
	return r.enter(stage) == nil
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

// Record appends a metric to metrics.jsonl. A value that is no number is written
// as null.
func (r *Run) Record(metric string, step int, value float64) error {
	line := Metric{Metric: metric, Step: step}
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		line.Value = &value
	}
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("run: metric %s: %w", metric, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.metrics.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("run: metric %s: %w", metric, err)
	}
	return nil
}

// Metric is one line of metrics.jsonl.
type Metric struct {
	Metric string   `json:"metric"` // "vae/loss"
	Step   int      `json:"step"`
	Value  *float64 `json:"value"` // nil: not a number
}

// offset is the length of metrics.jsonl.
func (r *Run) offset() int64 {
	info, err := r.metrics.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

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

// inputDigests looks a stage's inputs up.
func (r *Run) inputDigests(names []string) (map[string]string, error) {
	digests := make(map[string]string, len(names))
	for _, name := range names {
		digest, err := r.inputDigest(name)
		if err != nil {
			return nil, err
		}
		digests[name] = digest
	}
	return digests, nil
}

func (r *Run) inputDigest(name string) (string, error) {
	for _, in := range r.Spec.Inputs {
		if in.Name == name {
			return in.SHA256, nil
		}
	}
	if key, ok := strings.CutPrefix(name, "config."); ok {
		return configDigest(r.Spec, key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.artifacts[name]; ok {
		return a.SHA256, nil
	}
	var text bytes.Buffer
	for _, a := range sorted(r.artifacts) {
		if strings.HasPrefix(a.Name, name+"/") {
			fmt.Fprintf(&text, "%s %s\n", a.SHA256, a.Name)
		}
	}
	if text.Len() == 0 {
		return "", fmt.Errorf("input %q is no input of the run, no artifact so far and no key behind %q", name, "config.")
	}
	return sum(text.Bytes()), nil
}

// configDigest is the digest of one key or table of the configuration.
func configDigest(spec Spec, key string) (string, error) {
	data, err := json.Marshal(spec.Config)
	if err != nil {
		return "", err
	}
	for part := range strings.SplitSeq(key, ".") {
		var table map[string]json.RawMessage
		if err := json.Unmarshal(data, &table); err != nil || table[part] == nil {
			return "", fmt.Errorf("input %q is no key of the configuration", "config."+key)
		}
		data = table[part]
	}
	return sum(data), nil
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// previous is what an interrupted run left in the folder.
type previous struct {
	manifest Manifest
	metrics  []byte
	stamps   map[string]stamp // of the files that finished stages made
}

// takeUp reads what an interrupted run left and removes what no finished stage
// made. Where that cannot be read it removes everything.
func takeUp(dir string) *previous {
	old := &previous{stamps: map[string]stamp{}}
	manifest, err := Open(dir)
	if err == nil {
		old.manifest = *manifest
		old.metrics, err = os.ReadFile(filepath.Join(dir, MetricsName))
	}
	keep := map[string]bool{}
	for _, s := range old.manifest.Stages {
		for name := range s.Outputs {
			keep[name] = true
		}
	}
	r := &Run{partial: dir}
	walked := r.walk(func(name, path string, s stamp) error {
		if err == nil && keep[name] {
			old.stamps[name] = s
			return nil
		}
		return os.Remove(path)
	})
	if err != nil || walked != nil || len(old.manifest.Stages) == 0 {
		return nil
	}
	return old
}

// has tells whether a file is untouched since the interrupted run.
func (p *previous) has(name string, s stamp) bool { return p != nil && p.stamps[name] == s }

func (p *previous) stage(name string) (Stage, bool) {
	for _, s := range p.manifest.Stages {
		if s.Name == name && s.Metrics[1] <= int64(len(p.metrics)) && s.Metrics[0] <= s.Metrics[1] {
			return s, true
		}
	}
	return Stage{}, false
}

// adopt makes a former stage's files artifacts of this run, if they are whole.
func (r *Run) adopt(stage Stage) bool {
	found := map[string]Artifact{}
	for name, want := range stage.Outputs {
		bytes, sha, err := digestFile(filepath.Join(r.partial, filepath.FromSlash(name)))
		if err != nil || sha != want {
			return false
		}
		found[name] = Artifact{Name: name, Bytes: bytes, SHA256: sha}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, a := range found {
		r.artifacts[name], r.stamps[name] = a, r.old.stamps[name]
	}
	return true
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
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

var errLocked = errors.New("another process is writing this run")
