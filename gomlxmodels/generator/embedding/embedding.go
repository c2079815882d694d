// Package embedding is the packet level of the generators sampled and paper: packets
// as labels, and labels as packets (algorithm.md sections 3 to 7 and 9.0).
//
//	Stages   learn it: features, vae, gmm and markov, each a stage
//	Model    what they have made: features, VAE and mixtures
//	Level    the same with the chain over labels, which is all that level = "packet" learns
//	Labels   of the training packets
//
// A VAE embeds each packet's features, a mixture of Gaussians clusters the latent
// points, so that each packet has a label, and a Markov chain counts which labels
// follow each other. A label gives a packet back: a point drawn from its Gaussian,
// decoded.
package embedding

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// The artifacts.
const (
	featuresName = "model/features.json" // features
	vaeName      = "model/vae/"
	latentsName  = "model/latents.bin"   // drawn points of the training packets, in flow order, a matrix as gonum writes it
	clustersName = "model/clusters.json" // mixtures of the latent points
	LabelsName   = "model/labels.json"   // Labels
	ChainName    = "model/chain.json"
	SampleName   = "latent.json" // what a picture of the latent space needs
)

// Artifacts are those that Load reads.
var Artifacts = []string{featuresName, vaeName, clustersName, LabelsName}

// LevelArtifacts are those that LoadLevel reads.
var LevelArtifacts = append(slices.Clip(Artifacts), ChainName)

// features say how packets become rows of numbers.
type features struct {
	Variant     feature.Variant  `json:"variant"`
	Compat      bool             `json:"compat"`       // as NeCSTGen defines them
	OneProtocol bool             `json:"one_protocol"` // only flows of the most frequent IP protocol are learnt
	Encoder     *feature.Encoder `json:"encoder"`
}

// compat returns the definitions that deviate from ours.
func (f *features) compat() feature.Compat {
	if f.Compat {
		return feature.Original()
	}
	return feature.Compat{}
}

// Labels are the labels of the training packets.
type Labels struct {
	Lengths  []int `json:"lengths"`  // packets of each flow
	Flows    []int `json:"flows"`    // the labels, one flow after the other
	Observed []int `json:"observed"` // the labels in time order, mostObserved at most
}

// mostObserved bounds the labels in time order, which are for drawing packets again.
const mostObserved = 1 << 20

// newLabels keeps the labels of flows, which stand one flow after the other.
func newLabels(labels []int, places []timeline.Place, lengths []int) Labels {
	l := Labels{Lengths: lengths, Flows: labels, Observed: make([]int, min(len(places), mostObserved))}
	offsets := offsetsOf(lengths)
	for i, at := range places[:len(l.Observed)] {
		l.Observed[i] = labels[offsets[at.Flow]+at.Packet]
	}
	return l
}

// ReadLabels reads the labels.
func ReadLabels(paths artifact.Paths) (l Labels, err error) {
	if err = artifact.ReadJSON(paths, LabelsName, &l); err != nil {
		return l, err
	}
	total := 0
	for _, n := range l.Lengths {
		total += n
	}
	if total != len(l.Flows) {
		return l, fmt.Errorf("generator: load %s: %d labels for %d packets", LabelsName, len(l.Flows), total)
	}
	return l, nil
}

// Sequences returns the labels of each flow.
func (l *Labels) Sequences() (sequences [][]int) {
	from := 0
	for _, n := range l.Lengths {
		sequences, from = append(sequences, l.Flows[from:from+n]), from+n
	}
	return sequences
}

// offsetsOf returns the sums of the lengths before each.
func offsetsOf(lengths []int) []int {
	offsets := make([]int, len(lengths))
	for i := 1; i < len(lengths); i++ {
		offsets[i] = offsets[i-1] + lengths[i-1]
	}
	return offsets
}

// flowOrder sorts the rows of the timeline so that flows stand one after the other.
func flowOrder(z *mat.Dense, places []timeline.Place, lengths []int) *mat.Dense {
	offsets := offsetsOf(lengths)
	_, d := z.Dims()
	sorted := mat.NewDense(len(places), d, nil)
	for i, at := range places {
		sorted.SetRow(offsets[at.Flow]+at.Packet, z.RawRowView(i))
	}
	return sorted
}

// Model is the packet level.
type Model struct {
	Encoder  *feature.Encoder
	VAE      *vae.Model
	Mixtures *gmm.ByPosition // the clusters; a body alone where places do not matter
	Observed []int           // labels of the training packets in time order, the first million at most
}

// Load reads what the stages have made, to run on backend b.
func Load(b compute.Backend, paths artifact.Paths) (*Model, error) {
	var f features
	if err := artifact.ReadJSON(paths, featuresName, &f); err != nil {
		return nil, err
	}
	labels, err := ReadLabels(paths)
	if err != nil {
		return nil, err
	}
	m := &Model{Encoder: f.Encoder, Observed: labels.Observed}
	if m.Encoder == nil {
		return nil, fmt.Errorf("generator: load %s: no encoder: not of this version", featuresName)
	}
	if m.Mixtures, err = artifact.Read(paths, clustersName, gmm.LoadByPosition); err != nil {
		return nil, err
	}
	if m.VAE, err = loadVAE(b, paths); err != nil {
		return nil, err
	}
	return m, nil
}

// loadVAE reads the VAE, to run on backend b.
func loadVAE(b compute.Backend, paths artifact.Paths) (*vae.Model, error) {
	dir, err := paths(vaeName)
	if err != nil {
		return nil, err
	}
	m, err := vae.Load(b, dir)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return m, nil
}

// LoadChain reads the chain over labels.
func LoadChain(paths artifact.Paths) (*markov.Chain, error) {
	return artifact.Read(paths, ChainName, markov.Load)
}

// Level is the packet level by itself, without flows or a network: what an experiment
// with level = "packet" learns. It is a generator.PacketLevel.
type Level struct {
	*Model

	Chain *markov.Chain // over the labels of the timeline
}

var _ generator.PacketLevel = (*Level)(nil)

// LoadLevel reads the packet level, to run on backend b.
func LoadLevel(b compute.Backend, paths artifact.Paths) (*Level, error) {
	model, err := Load(b, paths)
	if err != nil {
		return nil, err
	}
	chain, err := LoadChain(paths)
	return &Level{model, chain}, err
}

// ChainLabels draws sequence after sequence from the chain until there are n labels.
func (l *Level) ChainLabels(n int, src rand.Source) ([]int, error) {
	if err := CheckCount(n); err != nil {
		return nil, err
	}
	var labels []int
	for len(labels) < n {
		labels = l.Chain.AppendSample(labels, src, n-len(labels))
	}
	return labels, nil
}

// drawLatents draws one point per row, z = mean + exp(logVar/2) eps, as NeCSTGen
// clusters drawn points and not means (algorithm.md section 6).
func drawLatents(m *vae.Model, x mat.Matrix, src rand.Source) (*mat.Dense, error) {
	mean, logVar, err := m.Encode(x)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	random := rand.New(src)
	mean.Apply(func(i, j int, m float64) float64 {
		return m + math.Exp(logVar.At(i, j)/2)*random.NormFloat64()
	}, mean)
	return mean, nil
}

// writeMatrix makes an artifact of a matrix.
func writeMatrix(env *stage.Env, name string, x *mat.Dense) error {
	return env.Write(name, func(w io.Writer) error {
		buffered := bufio.NewWriterSize(w, 1<<16)
		if _, err := x.MarshalBinaryTo(buffered); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

// readMatrix reads what writeMatrix made.
func readMatrix(paths artifact.Paths, name string) (*mat.Dense, error) {
	return artifact.Read(paths, name, func(r io.Reader, path string) (*mat.Dense, error) {
		x := new(mat.Dense)
		if _, err := x.UnmarshalBinaryFrom(bufio.NewReaderSize(r, 1<<16)); err != nil {
			return nil, fmt.Errorf("generator: load %s: %w", path, err)
		}
		return x, nil
	})
}
