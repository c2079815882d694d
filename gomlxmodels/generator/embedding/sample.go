package embedding

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
)

// sample is what a picture of the latent space needs.
type sample struct {
	Points      [][]float64   `json:"points"` // mostPoints at most
	Labels      []int         `json:"labels"`
	Weights     []float64     `json:"weights"` // fraction of the packets that have the label
	Means       [][]float64   `json:"means"`
	Covariances [][][]float64 `json:"covariances"`

	Encoder *feature.Encoder `json:"encoder"` // of the features
	Codes   [][]float32      `json:"codes"`   // features of the points' packets, [points, columns] in [0, 1]
}

// mostPoints is how many points a picture of the latent space keeps at most.
const mostPoints = 5000

// sampleOf keeps every k-th point, so that at most mostPoints stay. The rows of z and of
// the features x stand in flow order.
func sampleOf(mixtures *gmm.ByPosition, z, x *mat.Dense, labels []int) (*sample, error) {
	rows, _ := z.Dims()
	every := max(1, (rows+mostPoints-1)/mostPoints)
	s := &sample{Weights: make([]float64, mixtures.LabelCount())}
	for i, label := range labels {
		s.Weights[label] += 1 / float64(rows)
		if i%every == 0 {
			s.Points = append(s.Points, slices.Clone(z.RawRowView(i)))
			s.Labels = append(s.Labels, label)
			s.Codes = append(s.Codes, single(x.RawRowView(i)))
		}
	}
	for label := range s.Weights {
		m, k, err := mixtures.Component(label)
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		s.Means = append(s.Means, m.Means[k])
		c := m.Covariances[k]
		matrix := make([][]float64, c.SymmetricDim())
		for i := range matrix {
			matrix[i] = mat.Row(nil, i, c)
		}
		s.Covariances = append(s.Covariances, matrix)
	}
	return s, nil
}

// single returns a row in the precision that pictures need.
func single(row []float64) []float32 {
	short := make([]float32, len(row))
	for i, v := range row {
		short[i] = float32(v)
	}
	return short
}
