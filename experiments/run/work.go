package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// WorkName is the file of a run folder that says how far the stage under way is. A run
// that has ended in order has none.
const WorkName = "work.json"

// Work is how far the stage under way is, for whoever watches the run from elsewhere.
type Work struct {
	Stage   string    `json:"stage"`
	Key     string    `json:"key"`               // of package store, where the stage's metrics grow
	Number  int       `json:"number"`            // of the stage among all, from 1
	Of      int       `json:"of"`                // how many stages there are
	Started time.Time `json:"started"`           // this stage
	Waiting bool      `json:"waiting,omitempty"` // another process makes its result
	Done    int64     `json:"done,omitempty"`
	Total   int64     `json:"total,omitempty"` // 0: unknown
	Unit    string    `json:"unit,omitempty"`
	Rate    float64   `json:"rate,omitempty"` // of Done a second, without what comes before the first progress, as compiling; 0: unknown
	Updated time.Time `json:"updated"`
}

// workInterval is the least time between two notes on the progress of a stage. A note
// takes some 0.8 ms, and nobody reads faster than that.
const workInterval = time.Second

// Working notes how far the stage under way is. Progress on a stage that was noted less
// than a second ago is left out.
func (r *Run) Working(w Work) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Updated = r.now().UTC()
	last := r.work
	w.Started = w.Updated
	if w.Stage == last.Stage && w.Waiting == last.Waiting {
		w.Started = last.Started
		if last.Done == 0 {
			r.first = w
		} else if since := w.Updated.Sub(r.first.Updated); since > 0 {
			w.Rate = float64(w.Done-r.first.Done) / since.Seconds()
		}
		if since := w.Updated.Sub(last.Updated); since >= 0 && since < workInterval {
			return
		}
	}
	r.work = w
	// Whoever watches a run shall not end it, so an error is as good as no note.
	_ = atomicfile.Write(r.Path(WorkName), func(out io.Writer) error { return json.NewEncoder(out).Encode(w) })
}

// Work reads how far the stage under way is; nil where no stage is, as in a run that has
// ended. A run that was killed keeps the note on its last stage.
func (m *Manifest) Work() (*Work, error) {
	text, err := os.ReadFile(filepath.Join(m.Dir, WorkName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	w := new(Work)
	if err == nil {
		err = json.Unmarshal(text, w)
	}
	if err != nil {
		return nil, fmt.Errorf("run: %s: %w", WorkName, err)
	}
	return w, nil
}
