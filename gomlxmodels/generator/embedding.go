package generator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// place is a packet's position: its flow and its index in it.
type place struct{ flow, packet int }

// timeline orders the packets of all flows by time (ties by flow, then packet):
// the order in which the features look back.
func timeline(flows []*flow.Flow) []place {
	var places []place
	for i, f := range flows {
		for j := range f.Packets {
			places = append(places, place{i, j})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		ta, tb := flows[a.flow].Packets[a.packet].Time, flows[b.flow].Packets[b.packet].Time
		switch {
		case ta < tb:
			return -1
		case ta > tb:
			return 1
		}
		return 0
	})
	return places
}

// Embedding is the packet level: features, VAE and mixture.
type Embedding struct {
	Encoder *feature.Encoder
	VAE     *vae.Model
	Mixture *gmm.Model

	Latents LatentSample // of the training packets, empty once loaded
}

// features extracts and encodes the rows of the timeline, [packets, features] in [0, 1].
func (e *Embedding) features(cfg Config, flows []*flow.Flow, places []place) (*mat.Dense, error) {
	packets := func(yield func(flow.Packet, error) bool) {
		for _, at := range places {
			if !yield(flows[at.flow].Packets[at.packet], nil) {
				return
			}
		}
	}
	rows := feature.Extract(packets, cfg.Variant, cfg.Compat)
	if e.Encoder == nil {
		schema, err := cfg.Variant.Schema(cfg.Compat)
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		if e.Encoder, err = feature.Fit(schema, rows); err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
	}
	width := e.Encoder.Width()
	flat := make([]float64, 0, len(places)*width)
	for row, err := range rows {
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		flat = e.Encoder.Encode(flat, row)
	}
	return mat.NewDense(len(places), width, flat), nil
}

// latent draws one point per row, z = mean + exp(logVar/2) eps, as NeCSTGen
// clusters drawn points and not means (algorithm.md section 6).
func (e *Embedding) latent(x mat.Matrix, src rand.Source) (*mat.Dense, error) {
	mean, logVar, err := e.VAE.Encode(x)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	random := rand.New(src)
	mean.Apply(func(i, j int, m float64) float64 {
		return m + math.Exp(logVar.At(i, j)/2)*random.NormFloat64()
	}, mean)
	return mean, nil
}

// cluster fits the mixture on latent points and labels them.
func (e *Embedding) cluster(ctx context.Context, b compute.Backend, cfg gmm.Config, z *mat.Dense, src rand.Source) ([]int, error) {
	var err error
	if e.Mixture, err = gmm.Fit(ctx, b, z, cfg, src); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	labels, err := e.Mixture.Predict(z)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return labels, nil
}

// LatentSample is what a picture of the latent space needs.
type LatentSample struct {
	Points      [][]float64   `json:"points"` // at most the number asked for
	Labels      []int         `json:"labels"`
	Weights     []float64     `json:"weights"`
	Means       [][]float64   `json:"means"`
	Covariances [][][]float64 `json:"covariances"`
}

// sample keeps every k-th point, so that at most limit stay.
func (e *Embedding) sample(z *mat.Dense, labels []int, limit int) LatentSample {
	rows, _ := z.Dims()
	every := max(1, (rows+limit-1)/limit)
	s := LatentSample{Weights: e.Mixture.Weights}
	for i := 0; i < rows; i += every {
		s.Points = append(s.Points, slices.Clone(z.RawRowView(i)))
		s.Labels = append(s.Labels, labels[i])
	}
	for k := range e.Mixture.Weights {
		s.Means = append(s.Means, e.Mixture.Means[k])
		c := e.Mixture.Covariances[k]
		matrix := make([][]float64, c.SymmetricDim())
		for i := range matrix {
			matrix[i] = mat.Row(nil, i, c)
		}
		s.Covariances = append(s.Covariances, matrix)
	}
	return s
}
