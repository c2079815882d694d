// Package sampled is the default generator: NeCSTGen's composition with every output
// drawn from a distribution.
//
//   - packet level (package embedding): each packet has a label;
//   - flow level: a Markov chain over the labels of a flow is the prior of the
//     network's first head, the label; given it and all packets so far, the other
//     heads draw direction, flags and end of flow, header length, payload length
//     and gap, each seeing what was drawn before it;
//   - aggregate level (package aggregate): when each flow starts, and what it is like
//     as a whole, which every step of the network is told.
//
// Its main types:
//
//	Generator     what the stages have made
//	samplerPool   draws a request: some batchSamplers, each many flows at once
//
// Traffic without flows is one timeline, cut into segments that are learnt as flows
// are; what is generated is laid one behind the other again. LoRaWAN uplinks get
// further heads (package radio).
package sampled

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// Generator is a fitted generator of this kind.
type Generator struct {
	*embedding.Model // the packet level

	Chain     *markov.Chain // over the labels of a flow
	Aggregate *aggregate.Model
	Network   *lstm.Sampled
	facts
}

// facts are what the network's outputs mean, as network.json has it.
type facts struct {
	Application flow.Application `json:"application"`
	MaxPackets  int              `json:"max_packets"` // a flow that reaches this many is ended
	Vocabulary  *vocabulary      `json:"vocabulary"`
	Grammar     grammar          `json:"grammar"` // classes that may follow, by the connection's state
	Endings     endings          `json:"endings"` // how many packets come, by the connection's state
	Radio       radio.Model      `json:"radio"`
	Pace        *timeline.Pace   `json:"pace,omitempty"` // nil: flows are flows, not segments of one timeline
}

// The artifacts that are this generator's own.
const (
	networkName = "model/network.json"
	weightsName = "model/lstm/"
)

// load reads what the stages have made.
func load(b compute.Backend, path func(string) (string, error)) (generator.Generator, error) {
	g := new(Generator)
	var err error
	if err = artifact.ReadJSON(path, networkName, &g.facts); err != nil {
		return nil, err
	}
	if !g.Vocabulary.complete() || g.Radio.Fields == nil || g.Endings == nil {
		return nil, fmt.Errorf("generator: load %s: not a sampled generator of this version", networkName)
	}
	if g.Model, err = embedding.Load(b, path); err != nil {
		return nil, err
	}
	if g.Chain, err = embedding.LoadChain(path); err != nil {
		return nil, err
	}
	if g.Aggregate, err = aggregate.LoadArtifact(path); err != nil {
		return nil, err
	}
	dir, err := path(weightsName)
	if err != nil {
		return nil, err
	}
	if g.Network, err = lstm.LoadSampled(b, dir); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return g, nil
}

// ChainLabels draws flow after flow from the chain until there are n labels.
func (g *Generator) ChainLabels(n int, src rand.Source) ([]int, error) {
	return (&embedding.Level{Model: g.Model, Chain: g.Chain}).ChainLabels(n, src)
}

var (
	_ generator.Generator   = (*Generator)(nil)
	_ generator.PacketLevel = (*Generator)(nil)
)

// fit trains the network on the flows and their labels.
func (g *Generator) fit(ctx context.Context, b compute.Backend, p params, network lstm.SampledConfig, flows []*flow.Flow, labels [][]int, observe observer) error {
	var err error
	if g.Vocabulary, err = fitVocabulary(flows, p.GapBins, p.LengthBins); err != nil {
		return err
	}
	g.Application, g.Grammar, g.Endings = flows[0].Application, fitGrammar(flows, g.Vocabulary), fitEndings(flows)
	if g.Radio, err = radio.Fit(flows, g.Pace != nil); err != nil {
		return err
	}
	for _, f := range flows {
		g.MaxPackets = max(g.MaxPackets, 2*len(f.Packets))
	}
	v := g.Vocabulary
	network.Heads = append([]lstm.Head{
		{Name: "label", Classes: len(g.Chain.Labels())}, {Name: "class", Classes: v.Class.Len()},
		{Name: "header", Classes: v.Header.Len()}, {Name: "payload", Classes: v.Payload.Len()},
		{Name: "gap", Classes: v.gapClasses()}, {Name: "gap fraction", Classes: gapFractions},
	}, g.Radio.Heads()...)
	network.Prior, network.Masked = true, headClass
	network.Rare = []float64{headHeader: rareValue, headPayload: rareValue, headGap: rareValue, headFraction: rareValue}
	network.Continuous, network.Latent = historyWidth+g.Radio.PastWidth(), aggregate.LatentWidth+g.Radio.ProfileWidth()
	latents, err := g.latents(ctx, flows, network.Fit.Seed)
	if err != nil {
		return err
	}
	if g.Network, err = lstm.FitSampled(ctx, b, network, g.sequences(p.MaxLength, flows, labels, latents), observe); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

// latents returns what is known of each flow as a whole.
func (g *Generator) latents(ctx context.Context, flows []*flow.Flow, seed uint64) ([][]float32, error) {
	x := g.Aggregate.Summaries(flows)
	random := rand.New(rand.NewPCG(seed, 0x736571))
	latents := make([][]float32, len(flows))
	for i := range flows {
		latents[i] = g.Aggregate.AppendLatent(nil, x.RawRowView(i), random)
	}
	return latents, g.Radio.AppendProfiles(ctx, flows, latents, seed)
}

// sequences returns the flows as the network is taught them. One of more than most packets
// is cut into pieces, each of which knows what was before it, and of its flow as a whole.
func (g *Generator) sequences(most int, flows []*flow.Flow, labels [][]int, latents [][]float32) []lstm.Sequence {
	index := make(map[int]int)
	for i, label := range g.Chain.Labels() {
		index[label] = i
	}
	prior, radioHeads := g.Chain.Prior(), len(g.Radio.Heads())
	var all []lstm.Sequence
	for i, f := range flows {
		past, walk := begin(g.Aggregate.Targets(latents[i]), g.Radio.Begin(f)), prior.Start()
		past.turns = g.beginTurns(latents[i])
		for j := range f.Packets {
			if j%most == 0 {
				all = append(all, lstm.Sequence{Latent: latents[i]})
			}
			s := &all[len(all)-1]
			codes := make([]int32, headCount+radioHeads)
			g.Vocabulary.encode(codes, f, j, len(f.Packets)-1, &past.turns)
			g.Radio.Encode(codes[headCount:], f, j, &past.radio)
			label := index[labels[i][j]]
			codes[headLabel] = int32(label)
			s.Codes = append(s.Codes, codes)
			s.Continuous = append(s.Continuous, g.Radio.AppendPast(past.append(nil), &past.radio))
			s.Prior = append(s.Prior, walk.LogProbabilities())
			walk.Step(label)
			past.add(&f.Packets[j], timeline.GapBefore(f, j))
			past.radio.Add(f.Packets[j].Radio)
		}
	}
	return all
}
