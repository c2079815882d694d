package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// schemaVersion is the version of Manifest that this package writes and reads.
const schemaVersion = 1

const (
	folderName   = ".sweeps" // beside the runs
	manifestName = "sweep.json"
	pointsName   = "points"
)

// OnError says what a sweep does when a point fails.
type OnError string

// What a sweep does when a point fails. Points that are under way are finished either way.
const (
	Stop     OnError = "stop"     // no further point is begun
	Continue OnError = "continue" // the other points are run
)

// Manifest is sweep.json: what is swept.
type Manifest struct {
	Schema     int               `json:"schema"`
	ID         string            `json:"id"`
	Name       string            `json:"name,omitempty"` // that its user has given it
	Experiment string            `json:"experiment"`
	Config     config.Experiment `json:"config"` // of the experiment when the sweep was made, without Fixed
	Fixed      []string          `json:"fixed"`  // key=value for all points
	Axes       []Axis            `json:"axes"`
	Groups     []Group           `json:"groups"` // of shared stages
	OnError    OnError           `json:"on_error"`
	Created    time.Time         `json:"created"`
	Started    time.Time         `json:"started"` // last

	// Dir is the folder that the manifest was read from or is written to.
	Dir string `json:"-"`
}

// Group is stages that several points need. They are made before the points.
type Group struct {
	Stages []string `json:"stages"` // in an order in which they can run
	Points []int    `json:"points"` // that need them, by Index
}

// identify names the sweep by what it asks for.
func (m *Manifest) identify(runsDir string) error {
	text, err := json.Marshal([]any{m.Experiment, m.Config, m.Fixed, m.Axes})
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	sum := sha256.Sum256(text)
	m.ID = hex.EncodeToString(sum[:])[:12]
	m.Dir = filepath.Join(runsDir, folderName, m.ID)
	return nil
}

// SharedDir is the folder of runs in which the stages of groups are made.
func (m *Manifest) SharedDir() string { return filepath.Join(m.Dir, "shared") }

// SlurmDir is where scripts, logs and the list of jobs are, where Slurm runs the sweep.
func (m *Manifest) SlurmDir() string { return filepath.Join(m.Dir, "slurm") }

// Len is the number of points.
func (m *Manifest) Len() int { return size(m.Axes) }

// Point returns the point of that number, from 1 on.
func (m *Manifest) Point(index int) (Point, error) {
	if index < 1 || index > m.Len() {
		return Point{}, fmt.Errorf("sweep %s: no point %d: want one of 1 to %d", m.ID, index, m.Len())
	}
	return at(m.Axes, index), nil
}

// Ref is the shortest text by which Find finds the sweep.
func (m *Manifest) Ref() string {
	if m.Name != "" {
		return m.Name
	}
	return m.ID
}

// save writes sweep.json.
func (m *Manifest) save() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Join(m.Dir, pointsName), 0o777)
	}
	if err == nil {
		err = atomicfile.WriteFile(filepath.Join(m.Dir, manifestName), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w; choose another folder with --runs", err)
	}
	return nil
}

// read reads the manifest of a sweep's folder.
func read(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	m := &Manifest{Dir: dir}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("sweep: %s: %w", filepath.Join(dir, manifestName), err)
	}
	if m.Schema != schemaVersion {
		return nil, fmt.Errorf("sweep: %s: schema %d: this program reads %d: run the sweep again", filepath.Join(dir, manifestName), m.Schema, schemaVersion)
	}
	return m, nil
}

// List reads all sweeps beside the runs in a folder, the one that was started last first,
// and joins the errors of those that cannot be read. A folder that does not exist has none.
func List(runsDir string) ([]*Manifest, error) {
	entries, err := os.ReadDir(filepath.Join(runsDir, folderName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	var all []*Manifest
	var problems []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		m, err := read(filepath.Join(runsDir, folderName, e.Name()))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b *Manifest) int { return b.Started.Compare(a.Started) })
	return all, errors.Join(problems...)
}

// Find opens the sweep that ref names: by its name, the first letters of its id, or its
// folder; "" is the one that was started last.
func Find(runsDir, ref string) (*Manifest, error) {
	if _, err := os.Stat(filepath.Join(ref, manifestName)); ref != "" && err == nil {
		return read(filepath.Clean(ref))
	}
	all, err := List(runsDir)
	if len(all) == 0 && err == nil {
		return nil, fmt.Errorf("sweep: no sweep under %s: make one with: %s sweep NAME seed=1..8", runsDir, run.Program())
	}
	if ref == "" && len(all) > 0 {
		return all[0], nil
	}
	var found []*Manifest
	for _, m := range all {
		if m.Name == ref {
			return m, nil
		}
		if strings.HasPrefix(m.ID, ref) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return nil, errors.Join(fmt.Errorf("sweep: %s: %d sweeps under %s have that name or an id that begins so: sweep list names all", ref, len(found), runsDir), err)
	}
	return found[0], nil
}
