// Package run keeps an experiment's run in one folder,
//
//	runs/<experiment>/<id>/
//	  manifest.json    what was run, on what, with what outcome, and a digest of every file
//	  metrics.jsonl    {"metric":"vae/loss","step":3,"value":1.2}, one a line, as they arose
//	  log.txt          what was said, with times
//	  ...              the artifacts: models, captures, tables, scores, report
//
// whose id is a digest of the resolved configuration and of the input data: the
// same question has the same folder. A run is written into <id>.partial beside
// it and takes its place only when it has finished, so whatever stands under
// <id> is whole. An interrupted run leaves <id>.partial, and the stages that it
// had finished need not be repeated. runs/<experiment>/latest points to the run
// that finished last.
package run

import (
	"time"

	"github.com/necstgen/necstgen/experiments/config"
)

// SchemaVersion is the version of Manifest that this package writes.
const SchemaVersion = 1

// Status tells how far a run came.
type Status string

// The states of a run. A failed run's folder is removed.
const (
	Running     Status = "running" // or killed
	Finished    Status = "finished"
	Interrupted Status = "interrupted"
)

// Manifest is manifest.json.
type Manifest struct {
	Schema     int               `json:"schema"`
	Experiment string            `json:"experiment"`
	ID         string            `json:"id"`
	Status     Status            `json:"status"`
	Overrides  []string          `json:"overrides"` // as given, in order
	Config     config.Experiment `json:"config"`    // resolved: every key has its value
	Seeds      map[string]uint64 `json:"seeds"`     // the named sub-seeds that were drawn from config.seed
	Inputs     []Input           `json:"inputs"`
	Source     Source            `json:"source"`
	Backend    Backend           `json:"backend"`
	Host       Host              `json:"host"`
	Started    time.Time         `json:"started"`
	Finished   time.Time         `json:"finished,omitzero"`
	Seconds    float64           `json:"seconds"` // wall time, of a resumed run its last part
	Stages     []Stage           `json:"stages"`
	Artifacts  []Artifact        `json:"artifacts"` // by name; log.txt and manifest.json are not among them
	Warnings   []string          `json:"warnings"`

	// Dir is the folder that the manifest was read from or is written to.
	Dir string `json:"-"`
}

// Input is data that a run reads and does not write.
type Input struct {
	Name   string `json:"name"`           // what stages call it, like "data"
	Path   string `json:"path,omitempty"` // as the user wrote it; empty for embedded data
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Source says which code ran.
type Source struct {
	Commit string `json:"commit,omitempty"` // of the checkout that the command ran in
	Dirty  bool   `json:"dirty,omitempty"`  // files differ from the commit
	Diff   string `json:"diff,omitempty"`   // artifact with the difference of tracked files, if there is one
	GoSum  string `json:"go_sum,omitempty"` // SHA-256 of go.sum
	Go     string `json:"go"`               // version of the toolchain

	diff []byte
}

// Backend says what computed.
type Backend struct {
	Name          string `json:"name"` // "xla:cuda", "xla:cpu" or "go"
	Description   string `json:"description,omitempty"`
	PluginPath    string `json:"plugin_path,omitempty"`
	PluginVersion string `json:"plugin_version,omitempty"`
	Reason        string `json:"reason,omitempty"` // why this one
}

// Host says where.
type Host struct {
	Name string `json:"name"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Stage is one row of the stage table.
type Stage struct {
	Name    string            `json:"name"`
	Started time.Time         `json:"started"`
	Seconds float64           `json:"seconds"`
	Reused  bool              `json:"reused,omitempty"` // taken over from the interrupted run that this one resumed
	Note    string            `json:"note,omitempty"`   // what the terminal said of it
	Inputs  map[string]string `json:"inputs"`           // name -> SHA-256
	Outputs map[string]string `json:"outputs"`          // artifact -> SHA-256
	Metrics [2]int64          `json:"metrics,omitzero"` // while the run is not finished: the first byte of its lines in metrics.jsonl, and the one behind
}

// Artifact is one file of a run folder.
type Artifact struct {
	Name   string `json:"name"` // path inside the folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}
