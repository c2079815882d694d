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
	Encoder  *feature.Encoder
	VAE      *vae.Model
	Mixtures *gmm.ByPosition // the clusters; a body alone where places do not matter

	Observed []int        // labels of the training packets in time order, mostObserved at most
	Latents  LatentSample // of the training packets, empty once loaded
}

// features extracts and encodes the rows of the timeline, [packets, features] in [0, 1].
func (e *Embedding) features(cfg Config, flows []*flow.Flow, places []place) (*mat.Dense, error) {
	if err := variantOf(cfg, flows); err != nil {
		return nil, err
	}
	packets := func(yield func(flow.Packet, error) bool) {
		for _, at := range places {
			if !yield(flows[at.flow].Packets[at.packet], nil) {
				return
			}
		}
	}
	rows := feature.Extract(packets, cfg.Variant, cfg.Compat)
	if cfg.Variant == feature.LoRaWAN {
		rows = uplinkRows(packets, cfg.Compat)
	}
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

// cluster fits the mixtures on the latent points of flows that stand one after the
// other, and labels them.
func (e *Embedding) cluster(ctx context.Context, b compute.Backend, cfg gmm.PositionConfig, z *mat.Dense, lengths []int, src rand.Source) (labels []int, err error) {
	if e.Mixtures, err = gmm.FitByPosition(ctx, b, z, lengths, cfg, src); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	_, d := z.Dims()
	from := 0
	for _, n := range lengths {
		one, err := e.Mixtures.Labels(z.Slice(from, from+n, 0, d))
		if err != nil {
			return nil, fmt.Errorf("generator: %w", err)
		}
		labels, from = append(labels, one...), from+n
	}
	return labels, nil
}

// observe keeps the labels [packets of flows one after the other] in time order.
func (e *Embedding) observe(labels []int, places []place, lengths []int) {
	offsets := offsetsOf(lengths)
	e.Observed = make([]int, min(len(places), mostObserved))
	for i, at := range places[:len(e.Observed)] {
		e.Observed[i] = labels[offsets[at.flow]+at.packet]
	}
}

// offsetsOf are the sums of the lengths before each.
func offsetsOf(lengths []int) []int {
	offsets := make([]int, len(lengths))
	for i := 1; i < len(lengths); i++ {
		offsets[i] = offsets[i-1] + lengths[i-1]
	}
	return offsets
}

// flowOrder sorts the rows of the timeline so that flows stand one after the other.
func flowOrder(z *mat.Dense, places []place, lengths []int) *mat.Dense {
	offsets := offsetsOf(lengths)
	_, d := z.Dims()
	sorted := mat.NewDense(len(places), d, nil)
	for i, at := range places {
		sorted.SetRow(offsets[at.flow]+at.packet, z.RawRowView(i))
	}
	return sorted
}

// packetCounts are the packets of each flow.
func packetCounts(flows []*flow.Flow) []int {
	lengths := make([]int, len(flows))
	for i, f := range flows {
		lengths[i] = len(f.Packets)
	}
	return lengths
}

// cut splits what stands one flow after the other into flows.
func cut(labels, lengths []int) (sequences [][]int) {
	from := 0
	for _, n := range lengths {
		sequences, from = append(sequences, labels[from:from+n]), from+n
	}
	return sequences
}

// LatentSample is what a picture of the latent space needs.
type LatentSample struct {
	Points      [][]float64   `json:"points"` // at most the number asked for
	Labels      []int         `json:"labels"`
	Weights     []float64     `json:"weights"`
	Means       [][]float64   `json:"means"`
	Covariances [][][]float64 `json:"covariances"`
}

// sample keeps every k-th point, so that at most limit stay. A weight is the share
// of the packets that have the label.
func (e *Embedding) sample(z *mat.Dense, labels []int, limit int) error {
	rows, _ := z.Dims()
	every := max(1, (rows+limit-1)/limit)
	s := LatentSample{Weights: make([]float64, e.Mixtures.LabelCount())}
	for i, label := range labels {
		s.Weights[label] += 1 / float64(rows)
		if i%every == 0 {
			s.Points = append(s.Points, slices.Clone(z.RawRowView(i)))
			s.Labels = append(s.Labels, label)
		}
	}
	for label := range s.Weights {
		m, k, err := e.Mixtures.Component(label)
		if err != nil {
			return fmt.Errorf("generator: %w", err)
		}
		s.Means = append(s.Means, m.Means[k])
		c := m.Covariances[k]
		matrix := make([][]float64, c.SymmetricDim())
		for i := range matrix {
			matrix[i] = mat.Row(nil, i, c)
		}
		s.Covariances = append(s.Covariances, matrix)
	}
	e.Latents = s
	return nil
}
