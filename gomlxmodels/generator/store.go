package generator

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// Names inside a saved generator's folder.
const (
	generatorName = "generator.json"
	featuresName  = "features.json"
	clustersName  = "clusters.json" // mixture of the packets' latent points
	labelsName    = "labels.json"   // of the training packets in time order
	chainName     = "chain.json"
	shapesName    = "shapes.json" // mixture of the flows' shapes
	arrivalsName  = "arrivals.json"
	aggregateName = "aggregate.json"
	vaeFolder     = "vae"
	lstmFolder    = "lstm"
	flowsName     = "flows.parquet"
)

// sampledFile is generator.json of Sampled.
type sampledFile struct {
	Application flow.Application `json:"application"`
	MaxPackets  int              `json:"max_packets"`
	Lanes       int              `json:"lanes"`
	Vocabulary  *vocabulary      `json:"vocabulary"`
	Grammar     grammar          `json:"grammar"`
	Radio       *radioModel      `json:"radio,omitempty"`
	NoFlow      *noFlow          `json:"no_flow,omitempty"`
}

// markovFile is generator.json of Markov.
type markovFile struct {
	Application flow.Application `json:"application"`
	Tokens      []tokenFile      `json:"tokens"`
	Gaps        [][]int64        `json:"gaps"`
	Arrivals    []int64          `json:"arrivals"`
	NoFlow      *noFlow          `json:"no_flow,omitempty"`
	Uplinks     *markovUplinks   `json:"uplinks,omitempty"`
}

type tokenFile struct {
	Direction flow.Direction `json:"direction"`
	Flags     flow.TCPFlags  `json:"flags"`
	Header    int32          `json:"header"`
	Payload   int32          `json:"payload"`
	Length    int32          `json:"length"`
	Protocol  uint8          `json:"protocol"`
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("generator: save: %w", err)
	}
	err = write(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("generator: save %s: %w", name, err)
	}
	return nil
}

func writeJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error { return json.NewEncoder(w).Encode(v) }
}

// part is one file of a folder.
type part struct {
	name  string
	write func(io.Writer) error
}

// writeParts writes the files into dir, which it makes.
func writeParts(dir string, parts ...part) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("generator: save: %w", err)
	}
	for _, p := range parts {
		if err := writeFile(dir, p.name, p.write); err != nil {
			return err
		}
	}
	return nil
}

// save writes the packet level.
func (e *Embedding) save(dir string) error {
	err := writeParts(dir, part{featuresName, writeJSON(e.Encoder)}, part{clustersName, e.Mixtures.Save}, part{labelsName, writeJSON(e.Observed)})
	if err != nil {
		return err
	}
	if err := e.VAE.Save(filepath.Join(dir, vaeFolder)); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

func (e *Embedding) load(b compute.Backend, dir string) error {
	e.Encoder = new(feature.Encoder)
	err := readJSON(dir, featuresName, e.Encoder)
	if err != nil {
		return err
	}
	if err := readJSON(dir, labelsName, &e.Observed); err != nil {
		return err
	}
	if e.Mixtures, err = readWith(dir, clustersName, gmm.LoadByPosition); err != nil {
		return err
	}
	if e.VAE, err = vae.Load(b, filepath.Join(dir, vaeFolder)); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

func readJSON(dir, name string, v any) error {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("generator: load: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("generator: load %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}

// readWith opens a file for a loader that takes a reader and a name.
func readWith[T any](dir, name string, load func(io.Reader, string) (T, error)) (T, error) {
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if err != nil {
		var none T
		return none, fmt.Errorf("generator: load: %w", err)
	}
	defer f.Close()
	return load(f, path)
}

// Save writes every part of the generator into dir; the networks are GoMLX checkpoints.
func (g *Sampled) Save(dir string) error {
	about := sampledFile{g.Application, g.MaxPackets, g.Lanes, g.Vocabulary, g.Grammar, g.Radio, g.NoFlow}
	if err := writeParts(dir, part{generatorName, writeJSON(about)}, part{chainName, g.Chain.Save}); err != nil {
		return err
	}
	for _, save := range []func(string) error{g.Embedding.save, g.Aggregate.save, g.Radio.save} {
		if err := save(dir); err != nil {
			return err
		}
	}
	return g.Network.Save(filepath.Join(dir, lstmFolder))
}

// LoadSampled reads what Save wrote, to run on backend b.
func LoadSampled(b compute.Backend, dir string) (*Sampled, error) {
	var about sampledFile
	err := readJSON(dir, generatorName, &about)
	if err != nil {
		return nil, err
	}
	if about.Vocabulary == nil || about.Vocabulary.Gap == nil {
		return nil, fmt.Errorf("generator: load %s: not a sampled generator of this version", filepath.Join(dir, generatorName))
	}
	g := &Sampled{Application: about.Application, MaxPackets: about.MaxPackets, Lanes: about.Lanes,
		Vocabulary: about.Vocabulary, Grammar: about.Grammar, Radio: about.Radio, NoFlow: about.NoFlow}
	if err := g.Radio.load(dir); err != nil {
		return nil, err
	}
	if err := g.Embedding.load(b, dir); err != nil {
		return nil, err
	}
	if g.Chain, err = readWith(dir, chainName, markov.Load); err != nil {
		return nil, err
	}
	if err := g.Aggregate.load(dir); err != nil {
		return nil, err
	}
	if g.Network, err = lstm.LoadSampled(b, filepath.Join(dir, lstmFolder)); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return g, nil
}

// paperFile is generator.json of Paper.
type paperFile struct {
	Application flow.Application `json:"application"`
	Protocol    uint8            `json:"protocol"`
	Targets     paperTargets     `json:"targets"`
	Radio       *radioModel      `json:"radio,omitempty"`
	NoFlow      *noFlow          `json:"no_flow,omitempty"`
}

// Save writes every part of the generator into dir; the networks are GoMLX checkpoints.
func (g *Paper) Save(dir string) error {
	about := paperFile{g.Application, g.Protocol, g.Targets, g.Radio, g.NoFlow}
	if err := writeParts(dir, part{generatorName, writeJSON(about)}, part{chainName, g.Chain.Save}); err != nil {
		return err
	}
	if err := g.Embedding.save(dir); err != nil {
		return err
	}
	if g.NoFlow == nil {
		if err := g.Aggregate.save(dir); err != nil {
			return err
		}
	}
	return g.Network.Save(filepath.Join(dir, lstmFolder))
}

// LoadPaper reads what Save wrote, to run on backend b.
func LoadPaper(b compute.Backend, dir string) (*Paper, error) {
	var about paperFile
	err := readJSON(dir, generatorName, &about)
	if err != nil {
		return nil, err
	}
	if about.Targets.Resolution < 1 || len(about.Targets.Features) == 0 {
		return nil, fmt.Errorf("generator: load %s: not a paper generator of this version", filepath.Join(dir, generatorName))
	}
	g := &Paper{Application: about.Application, Protocol: about.Protocol, Targets: about.Targets, Radio: about.Radio, NoFlow: about.NoFlow}
	if err := g.Embedding.load(b, dir); err != nil {
		return nil, err
	}
	if g.Chain, err = readWith(dir, chainName, markov.Load); err != nil {
		return nil, err
	}
	if err := g.keepPlaces(); err != nil {
		return nil, err
	}
	if g.NoFlow == nil {
		if err := g.Aggregate.load(dir); err != nil {
			return nil, err
		}
	}
	g.Network, err = lstm.LoadWindow(b, filepath.Join(dir, lstmFolder))
	return g, err
}

// Save writes tokens, gaps and chain into dir.
func (m *Markov) Save(dir string) error {
	about := markovFile{Application: m.application, Gaps: m.gaps, Arrivals: m.arrivals, NoFlow: m.noFlow, Uplinks: m.uplinks}
	for _, t := range m.tokens {
		about.Tokens = append(about.Tokens, tokenFile{t.Direction, t.Flags, t.HeaderLength, t.PayloadLength, t.Length, t.Tuple.Proto})
	}
	return writeParts(dir, part{generatorName, writeJSON(about)}, part{chainName, m.chain.Save})
}

// LoadMarkov reads what Save wrote.
func LoadMarkov(dir string) (*Markov, error) {
	var about markovFile
	if err := readJSON(dir, generatorName, &about); err != nil {
		return nil, err
	}
	chain, err := readWith(dir, chainName, markov.Load)
	if err != nil {
		return nil, err
	}
	if len(about.Gaps) != len(about.Tokens) || len(about.Arrivals) == 0 || len(chain.Labels()) > len(about.Tokens) ||
		about.Uplinks != nil && (about.Uplinks.Model == nil || len(about.Uplinks.Seen) != len(about.Tokens)) {
		return nil, fmt.Errorf("generator: load %s: not a Markov generator of this version", filepath.Join(dir, generatorName))
	}
	m := &Markov{application: about.Application, gaps: about.Gaps, arrivals: about.Arrivals, chain: chain, noFlow: about.NoFlow, uplinks: about.Uplinks}
	for _, t := range about.Tokens {
		m.tokens = append(m.tokens, flow.Packet{Direction: t.Direction, Flags: t.Flags, HeaderLength: t.Header, PayloadLength: t.Payload,
			Length: t.Length, Captured: t.Length, Application: about.Application, Tuple: flow.FiveTuple{Proto: t.Protocol}})
	}
	return m, nil
}

// bootstrapFile is generator.json of Bootstrap.
type bootstrapFile struct {
	NoFlow *noFlow `json:"no_flow,omitempty"`
}

// Save writes the training flows into dir.
func (b *Bootstrap) Save(dir string) error {
	return writeParts(dir, part{generatorName, writeJSON(bootstrapFile{b.noFlow})}, part{flowsName, func(w io.Writer) error {
		return table.WritePackets(w, table.Parquet, flow.Packets(b.flows))
	}})
}

// LoadBootstrap reads what Save wrote.
func LoadBootstrap(dir string) (*Bootstrap, error) {
	var about bootstrapFile
	if err := readJSON(dir, generatorName, &about); err != nil {
		return nil, err
	}
	byID := make(map[int64]*flow.Flow)
	var flows []*flow.Flow
	for p, err := range table.ReadPackets(filepath.Join(dir, flowsName)) {
		if err != nil {
			return nil, fmt.Errorf("generator: load: %w", err)
		}
		f := byID[p.FlowID]
		if f == nil {
			f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple, Application: p.Application}
			byID[p.FlowID] = f
			flows = append(flows, f)
		}
		f.Packets = append(f.Packets, p)
	}
	b, err := FitBootstrap(flows)
	if err == nil && about.NoFlow != nil {
		b.noFlow, b.arrivals = about.NoFlow, gapsBetween(flows)
	}
	return b, err
}
