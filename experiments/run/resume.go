package run

import (
	"maps"
	"os"
	"path/filepath"
)

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
	if !ok || !maps.Equal(stage.Inputs, digests) || !r.adopt(stage) {
		return false
	}
	stage.Reused = true
	r.Log("stage %s: reused", name)
	return r.enter(stage) == nil
}

// previous is what an interrupted run left in the folder.
type previous struct {
	manifest Manifest
	metrics  int64            // bytes of its metrics.jsonl, which this run goes on with
	stamps   map[string]stamp // of the files that finished stages made
}

// takeUp reads what an interrupted run left and removes what no finished stage
// made. Where that cannot be read it removes everything.
func takeUp(dir string) *previous {
	old := &previous{stamps: map[string]stamp{}}
	manifest, err := Open(dir)
	if err == nil {
		old.manifest = *manifest
		old.metrics, err = cutMetrics(filepath.Join(dir, MetricsName))
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
		if s.Name == name && s.Metrics[1] <= p.metrics && s.Metrics[0] <= s.Metrics[1] {
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
