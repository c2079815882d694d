package fit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// The variables of a training checkpoint: the loop state under "state/", the
// best parameters, and the host's part as three tensors.
const (
	stateScope   = "state/"
	bestName     = "best/params"
	countsName   = "progress/counts"  // int64: see progress.counts
	valuesName   = "progress/values"  // float64: see progress.values
	historyName  = "progress/history" // float64 [epochs, columns]: see history
	identityName = "progress/identity"
)

// checkpointVersion changes when the layout does.
const checkpointVersion = 2

func (p *progress) counts() []int64 {
	return []int64{int64(p.Epoch), int64(p.Step), p.Steps, int64(p.BestEpoch), int64(p.Plateau), int64(p.Stale)}
}

func (p *progress) values() []float64 { return []float64{p.Rate, p.Best, p.StaleBest, p.First} }

func (p *progress) set(counts []int64, values []float64) {
	p.Epoch, p.Step, p.Steps = int(counts[0]), int(counts[1]), counts[2]
	p.BestEpoch, p.Plateau, p.Stale = int(counts[3]), int(counts[4]), int(counts[5])
	p.Rate, p.Best, p.StaleBest, p.First = values[0], values[1], values[2], values[3]
}

// identity is what must agree between a checkpoint and the training that
// resumes from it. Epochs, patience and the learning rate may change.
func (t *trainer) identity() []int64 {
	id := []int64{checkpointVersion, int64(t.cfg.Seed), int64(t.cfg.Batch), int64(len(t.rows)), int64(len(t.held)), int64(t.dtype), int64(len(t.problem.TermNames)), t.digest}
	add := func(s shapes.Shape) {
		for _, n := range s.Dimensions {
			id = append(id, int64(n))
		}
	}
	for _, d := range t.data {
		add(d.Shape())
	}
	for _, s := range t.shapes {
		add(s)
	}
	return id
}

// digestOf returns a digest of the data's bytes, the split and the problem's name. SHA-256
// of a million rows of 16 float32 takes a twentieth of a second.
func (t *trainer) digestOf(data []*tensors.Tensor) (int64, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %v %v", t.problem.Name, t.cfg.KeepOrder, t.held)
	for i, d := range data {
		fmt.Fprint(h, d.Shape())
		if err := d.ConstBytes(func(b []byte) { h.Write(b) }); err != nil {
			return 0, fmt.Errorf("fit: read data %d: %w", i, err)
		}
	}
	return int64(binary.LittleEndian.Uint64(h.Sum(nil))), nil
}

// stateNames names the tensors of t.now.
var stateNames = [stateSize]string{
	stateScope + "params", stateScope + "first", stateScope + "second",
	stateScope + "key", stateScope + "power1", stateScope + "power2", stateScope + "sums",
}

// save writes a checkpoint from which resume goes on to the same bytes.
func (t *trainer) save() error {
	p := Params{Names: slices.Clone(stateNames[:]), Values: slices.Clone(t.now)}
	add := func(name string, value *tensors.Tensor) {
		p.Names, p.Values = append(p.Names, name), append(p.Values, value)
	}
	if t.best != nil {
		add(bestName, t.best)
	}
	add(countsName, tensors.FromValue(t.progress.counts()))
	add(valuesName, tensors.FromValue(t.progress.values()))
	add(identityName, tensors.FromValue(t.identity()))
	if len(t.result.Epochs) > 0 {
		add(historyName, t.history())
	}
	if err := saveVariables(t.cfg.Checkpoint, p); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// resume restores the newest checkpoint, if there is one.
func (t *trainer) resume() error {
	if t.cfg.Checkpoint == "" {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(t.cfg.Checkpoint, "checkpoint-*.json"))
	if err != nil || len(found) == 0 {
		return err
	}
	if _, err := os.Stat(t.cfg.Checkpoint); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	p, err := loadVariables(t.cfg.Checkpoint)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if err := t.restore(p); err != nil {
		return fmt.Errorf("fit: resume from %s: %w: remove the folder to start again", t.cfg.Checkpoint, err)
	}
	return nil
}

func (t *trainer) restore(p Params) error {
	counts, values, identity := p.Get(countsName), p.Get(valuesName), p.Get(identityName)
	if counts == nil || values == nil || identity == nil {
		return errors.New("not a training checkpoint")
	}
	saved, err := tensors.CopyFlatData[int64](identity)
	if err != nil {
		return err
	}
	if !slices.Equal(saved, t.identity()) {
		return t.foreign(saved)
	}
	if counts.Size() != len(t.progress.counts()) || values.Size() != len(t.progress.values()) {
		return errors.New("its progress has another layout")
	}
	now := make([]*tensors.Tensor, stateSize)
	for i, name := range stateNames {
		now[i] = p.Get(name)
		if now[i] == nil || !now[i].Shape().Equal(t.now[i].Shape()) {
			return fmt.Errorf("variable %q is missing or has another shape than %s", name, t.now[i].Shape())
		}
	}
	t.now = now
	t.progress.set(tensors.MustCopyFlatData[int64](counts), tensors.MustCopyFlatData[float64](values))
	t.best = p.Get(bestName)
	if t.stale() { // it had ended
		t.result.Stop = StopEarly
	}
	return t.restoreHistory(p.Get(historyName))
}

// identityParts are the first numbers of identity.
var identityParts = []string{"version", "seed", "batch size", "number of training rows", "number of validation rows", "type of the parameters", "number of terms", "digest of data, split and loss"}

// foreign returns an error that says in what a checkpoint's identity differs.
func (t *trainer) foreign(saved []int64) error {
	now := t.identity()
	for i, part := range identityParts {
		if i >= len(saved) || saved[i] != now[i] {
			return fmt.Errorf("it belongs to another training: its %s is not this one's", part)
		}
	}
	return fmt.Errorf("it belongs to another training: the shapes of data or parameters are %v, now %v", saved[len(identityParts):], now[len(identityParts):])
}

// history keeps the complete epochs as rows of number, loss, validation loss,
// learning rate, steps, terms..., validation terms...
func (t *trainer) history() *tensors.Tensor {
	var rows []float64
	for _, e := range t.result.Epochs {
		rows = append(rows, float64(e.Number), e.Loss, e.ValidationLoss, e.LearningRate, float64(e.Total))
		for _, terms := range []map[string]float64{e.Terms, e.ValidationTerms} {
			for _, name := range t.problem.TermNames {
				value, ok := terms[name]
				if !ok {
					value = math.NaN()
				}
				rows = append(rows, value)
			}
		}
	}
	n := len(t.result.Epochs)
	return tensors.FromFlatDataAndDimensions(rows, n, len(rows)/n)
}

func (t *trainer) restoreHistory(h *tensors.Tensor) error {
	if h == nil {
		return nil
	}
	terms := len(t.problem.TermNames)
	if want := shapes.Make(h.DType(), h.Shape().Dimensions[0], 5+2*terms); !h.Shape().Equal(want) {
		return fmt.Errorf("its history has shape %s: must be %s", h.Shape(), want)
	}
	flat, err := tensors.CopyFlatData[float64](h)
	if err != nil {
		return err
	}
	for row := range slices.Chunk(flat, 5+2*terms) {
		e := Epoch{Number: int(row[0]), Loss: row[1], ValidationLoss: row[2], LearningRate: row[3], Done: int(row[4]), Total: int(row[4]), Terms: map[string]float64{}}
		for i, name := range t.problem.TermNames {
			e.Terms[name] = row[5+i]
			if len(t.held) > 0 {
				if e.ValidationTerms == nil {
					e.ValidationTerms = map[string]float64{}
				}
				e.ValidationTerms[name] = row[5+terms+i]
			}
		}
		t.result.Epochs = append(t.result.Epochs, e)
	}
	return nil
}
