package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/filelock"
	"github.com/necstgen/necstgen/experiments/run"
)

// Waiting is the status of a point that nobody has begun.
const Waiting run.Status = "waiting"

// State is how far a point is: points/0001.json.
type State struct {
	Point
	Status  run.Status `json:"status"`
	Run     string     `json:"run,omitempty"`   // experiment/id, of a finished point
	Error   string     `json:"error,omitempty"` // what ended a failed one
	Host    string     `json:"host,omitempty"`  // that runs it or has run it
	Started time.Time  `json:"started,omitzero"`
	Seconds float64    `json:"seconds,omitempty"` // wall time, of a resumed point its last part
}

// pointFile is a file of a point.
func (m *Manifest) pointFile(index int, suffix string) string {
	return filepath.Join(m.Dir, pointsName, fmt.Sprintf("%04d%s", index, suffix))
}

// Status reads how far each point is, in their order.
func (m *Manifest) Status() ([]State, error) {
	states := make([]State, m.Len())
	for i := range states {
		var err error
		if states[i], err = m.State(i + 1); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// State reads how far a point is. One that says that it is running while no process does
// was killed, which makes it an interrupted one.
func (m *Manifest) State(index int) (State, error) {
	s, err := m.readState(index)
	if err != nil || s.Status != run.Running || m.underWay(index) {
		return s, err
	}
	if s, err = m.readState(index); s.Status == run.Running { // it did not end meanwhile
		s.Status = run.Interrupted
	}
	return s, err
}

// readState reads what was written of a point last.
func (m *Manifest) readState(index int) (State, error) {
	s := State{Status: Waiting}
	text, err := os.ReadFile(m.pointFile(index, ".json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return s, fmt.Errorf("sweep: %w", err)
	default:
		if err := json.Unmarshal(text, &s); err != nil {
			return s, fmt.Errorf("sweep: %s: %w: remove the file to run the point again", m.pointFile(index, ".json"), err)
		}
	}
	s.Point = at(m.Axes, index)
	return s, nil
}

// underWay reports whether a process holds the lock of a point.
func (m *Manifest) underWay(index int) bool {
	path := m.pointFile(index, lockSuffix)
	lock, err := filelock.Try(path)
	if lock != nil {
		lock.Close()
		return false
	}
	_, gone := os.Stat(path)
	return err == nil && gone == nil
}

// keep writes how far a point is.
func (m *Manifest) keep(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = atomicfile.WriteFile(m.pointFile(s.Index, ".json"), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// lockSuffix ends the name of the file that whoever runs a point holds.
const lockSuffix = ".lock"

// claim makes and locks the lock of a point; nil: another process, or another goroutine of
// this one, runs the point.
func (m *Manifest) claim(index int) (*os.File, error) {
	path := m.pointFile(index, lockSuffix)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err == nil {
		err = f.Close()
	}
	var lock *os.File
	if err == nil {
		lock, err = filelock.Try(path)
	}
	if _, gone := os.Stat(m.Dir); gone != nil {
		return nil, fmt.Errorf("sweep: %s was removed or moved while the sweep ran: start it again", m.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	return lock, nil
}
