package gmm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/mat"
)

// format is the version of what Save writes.
const format = 1

// file is a saved model.
type file struct {
	Format            int           `json:"format"`
	Covariance        Covariance    `json:"covariance"`
	Weights           []float64     `json:"weights"`
	Means             [][]float64   `json:"means"`
	Covariances       [][][]float64 `json:"covariances"`
	Rows              int           `json:"rows"`
	LowerBounds       []float64     `json:"lower_bounds"`
	Iterations        int           `json:"iterations"`
	Converged         bool          `json:"converged"`
	MeanLogLikelihood float64       `json:"mean_log_likelihood"`
	Tried             []BIC         `json:"tried,omitempty"`
	Warnings          []string      `json:"warnings,omitempty"`
}

// Save writes the model as JSON.
func (m *Model) Save(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(m.file()); err != nil {
		return fmt.Errorf("gmm: save: %w", err)
	}
	return nil
}

func (m *Model) file() *file {
	f := &file{
		Format: format, Covariance: m.Kind, Weights: m.Weights, Means: m.Means, Rows: m.Rows,
		LowerBounds: m.LowerBounds, Iterations: m.Iterations, Converged: m.Converged,
		MeanLogLikelihood: m.MeanLogLikelihood, Tried: m.Tried,
	}
	for _, c := range m.Covariances {
		rows := make([][]float64, c.SymmetricDim())
		for i := range rows {
			rows[i] = mat.Row(nil, i, c)
		}
		f.Covariances = append(f.Covariances, rows)
	}
	for _, w := range m.Warnings {
		f.Warnings = append(f.Warnings, w.Error())
	}
	return f
}

// Load reads a model that Save wrote. The name appears in error messages.
func Load(r io.Reader, name string) (*Model, error) {
	var f file
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("gmm: %s: %w", name, err)
	}
	m, err := f.model()
	if err != nil {
		return nil, fmt.Errorf("gmm: %s: %w", name, err)
	}
	return m, nil
}

// model checks a file that was read and makes a model of it.
func (f *file) model() (*Model, error) {
	if f.Format != format {
		return nil, fmt.Errorf("format %d: this program reads %d", f.Format, format)
	}
	if err := (*Covariance).UnmarshalText(&f.Covariance, []byte(f.Covariance)); err != nil {
		return nil, err
	}
	if len(f.Weights) == 0 || len(f.Means) != len(f.Weights) || len(f.Covariances) != len(f.Weights) {
		return nil, fmt.Errorf("%d weights, %d means, %d covariances: want as many of each, at least one", len(f.Weights), len(f.Means), len(f.Covariances))
	}
	m := &Model{
		Kind: f.Covariance, Weights: f.Weights, Means: f.Means, Rows: f.Rows, LowerBounds: f.LowerBounds,
		Iterations: f.Iterations, Converged: f.Converged, MeanLogLikelihood: f.MeanLogLikelihood, Tried: f.Tried,
	}
	for _, w := range f.Warnings {
		m.Warnings = append(m.Warnings, errors.New(w))
	}
	for k := range f.Weights {
		c, err := f.component(k)
		if err != nil {
			return nil, fmt.Errorf("component %d: %w", k, err)
		}
		m.Covariances = append(m.Covariances, c)
	}
	return m, m.prepare()
}

// component checks one component and returns its covariance.
func (f *file) component(k int) (*mat.SymDense, error) {
	d := len(f.Means[0])
	if !(f.Weights[k] > 0) || math.IsInf(f.Weights[k], 0) {
		return nil, fmt.Errorf("weight %v: want more than 0", f.Weights[k])
	}
	if d == 0 || len(f.Means[k]) != d || len(f.Covariances[k]) != d {
		return nil, fmt.Errorf("mean of %d values, covariance of %d rows: want as many as the first mean (%d), at least one", len(f.Means[k]), len(f.Covariances[k]), d)
	}
	c := mat.NewSymDense(d, nil)
	for i, row := range f.Covariances[k] {
		if len(row) != d {
			return nil, fmt.Errorf("covariance row %d has %d values: want %d", i, len(row), d)
		}
		for j := i; j < d; j++ {
			c.SetSym(i, j, row[j])
		}
	}
	return c, nil
}
