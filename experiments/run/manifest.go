// Package run keeps an experiment's run in one folder,
//
//	runs/<experiment>/<id>/
//	  manifest.json    what was run, on what, with what outcome, and a digest of every file
//	  metrics.jsonl    {"metric":"vae/loss","step":3,"value":1.2}, one a line, stage by stage
//	  log.txt          what was said, with times
//	  work.json        how far the stage under way is; gone when the run has ended
//	  ...              the artifacts: models, captures, tables, scores, report
//
// whose id is a digest of the keys of all its stages: of the settings that they
// use, the data, their versions and the device. The same question to the same code
// has the same folder. The artifacts are hard links to what package store keeps, so a
// run that failed, was interrupted or killed stays with what it had finished, and
// goes on from there when it is started again. runs/<experiment>/latest points to
// the run that finished last.
//
//	Run         a run that is being written
//	Manifest    a run that is there; Find opens one by name, List all
//	Annotation  what its user calls it
//	Scratch     a folder in which a command works; Leftovers finds those of killed ones
//	Source      which code ran; Program says how the program is called
//	Terminal    where a run speaks
package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/store"
)

// schemaVersion is the version of Manifest that this package writes and reads.
const schemaVersion = 2

// Names in a run folder that are no artifacts of stages.
const (
	ManifestName = "manifest.json"
	MetricsName  = "metrics.jsonl"
	LogName      = "log.txt"
)

// Status says how far a run has come.
type Status string

// The states of a run.
const (
	Running     Status = "running" // or killed
	Finished    Status = "finished"
	Interrupted Status = "interrupted"
	Failed      Status = "failed"
)

// Manifest is manifest.json.
type Manifest struct {
	Schema     int               `json:"schema"`
	Experiment string            `json:"experiment"`
	ID         string            `json:"id"`
	Annotation                   // what its user calls it
	Status     Status            `json:"status"`
	Error      string            `json:"error,omitempty"` // what ended a run that failed
	Overrides  []string          `json:"overrides"`       // as given, in order
	Config     config.Experiment `json:"config"`          // resolved: every key has its value
	Seeds      map[string]uint64 `json:"seeds"`           // the named seeds that stages drew from, which follow from config.seed
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

	// Withheld are the artifacts that the run has made and that were left out when it was
	// exported to be shared; empty for a whole run.
	Withheld []string `json:"withheld,omitempty"`

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
	Commit  string `json:"commit,omitempty"`  // that the program was built from
	Version string `json:"version,omitempty"` // of the module, of a program that was installed without its repository
	Dirty   bool   `json:"dirty,omitempty"`   // files differ from the commit
	Diff    string `json:"diff,omitempty"`    // artifact with the difference of tracked files, if there is one
	GoSum   string `json:"go_sum,omitempty"`  // SHA-256 of go.sum
	Go      string `json:"go"`                // version of the toolchain

	diff []byte
}

// Backend says what computed.
type Backend struct {
	Name          string `json:"name"` // "xla:cuda", "xla:cpu" or "go"; empty for a run that needs none
	Description   string `json:"description,omitempty"`
	PluginPath    string `json:"plugin_path,omitempty"`
	PluginVersion string `json:"plugin_version,omitempty"`
	Identity      string `json:"identity,omitempty"` // what of it decides the bits of a result
	Reason        string `json:"reason,omitempty"`   // why this one
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
	Name      string            `json:"name"`
	Key       string            `json:"key"` // of package store
	Started   time.Time         `json:"started"`
	Seconds   float64           `json:"seconds"`
	Reused    bool              `json:"reused,omitempty"` // it was in the store, made by another run or by an earlier part of this one
	Note      string            `json:"note,omitempty"`   // what it found
	Warnings  []string          `json:"warnings,omitempty"`
	Artifacts map[string]string `json:"artifacts"` // name -> SHA-256
}

// Artifact is one file of a run folder.
type Artifact = store.Artifact

// Metric is one line of metrics.jsonl.
type Metric = store.Metric

// Open reads the manifest of a run folder.
func Open(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run: %s: no %s: this is no run folder: %w", dir, ManifestName, fs.ErrNotExist)
	}
	m := &Manifest{Dir: dir}
	if err == nil {
		err = m.parse(text)
	}
	if err != nil {
		return nil, fmt.Errorf("run: %s: %w", dir, err)
	}
	return m, nil
}

// parse reads the text of manifest.json, if it is of this program's version.
func (m *Manifest) parse(text []byte) error {
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return fmt.Errorf("%s: %w", ManifestName, err)
	}
	if version.Schema != schemaVersion {
		return fmt.Errorf("%s: schema %d: this program reads %d: run the experiment again", ManifestName, version.Schema, schemaVersion)
	}
	if err := json.Unmarshal(text, m); err != nil {
		return fmt.Errorf("%s: %w", ManifestName, err)
	}
	return nil
}

// Text is the text of manifest.json.
func (m *Manifest) Text() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("run: manifest: %w", err)
	}
	return append(text, '\n'), nil
}
