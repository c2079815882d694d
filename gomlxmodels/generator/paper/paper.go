// Package paper is the generator NeCSTGen as published (algorithm.md sections 5 to
// 10), with its defects corrected: labels of per-position mixtures in connections, a
// chain that draws as many labels as the aggregate level says (D16 to D19), a point
// drawn and decoded for each label, and a bidirectional network over windows of
// decoded points that predicts flags, direction, lengths and gap as points, for
// LoRaWAN the radio fields. Numbers are taken back by their ranks among the training's
// (D27, D28, D30), payload is predicted instead of the padded frame (D09), the flags of a
// connection are chosen together, every packet of a flow is emitted (D25), and all
// windows are predicted in batches (D24). What the autoencoder itself says of a packet is
// kept beside it, by name (D29).
//
// Without flows it has one mixture, a chain over one sequence, gaps between
// neighbours in time, and no aggregate level.
//
//	Generator   what the stages have made
//	targets     the network's outputs, and what they stand for
//	rankTable   takes outputs that are numbers back to the values of the training
//	closing     how far a connection is closed, and which segments may follow
package paper

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// Generator is a fitted generator of this kind.
type Generator struct {
	*embedding.Model // the packet level: places at both ends of connections, one body for all else

	Chain     *markov.Chain    // over the labels of a flow, or of the timeline
	Aggregate *aggregate.Model // nil without flows
	Network   *lstm.Window
	facts

	targets targets
}

// facts are what the network's outputs mean, as network.json has it.
type facts struct {
	Application flow.Application `json:"application"`
	Protocol    uint8            `json:"protocol"` // of all flows
	Scales      scales           `json:"scales"`
	Radio       radio.Model      `json:"radio"`
	Pace        *timeline.Pace   `json:"pace,omitempty"`    // nil: flows are flows, not segments of one timeline
	Closing     *closingModel    `json:"closing,omitempty"` // of connections
}

// The artifacts that are this generator's own.
const (
	networkName = "model/network.json"
	weightsName = "model/lstm/"
)

var (
	_ generator.Generator   = (*Generator)(nil)
	_ generator.PacketLevel = (*Generator)(nil)
)

// load reads what the stages have made.
func load(b compute.Backend, path func(string) (string, error)) (generator.Generator, error) {
	g := new(Generator)
	var err error
	if err = artifact.ReadJSON(path, networkName, &g.facts); err != nil {
		return nil, err
	}
	if g.Radio.Fields == nil {
		return nil, fmt.Errorf("generator: load %s: not a paper generator of this version", networkName)
	}
	if g.targets, err = g.newTargets(); err != nil {
		return nil, fmt.Errorf("generator: load %s: %w", networkName, err)
	}
	if g.Model, err = embedding.Load(b, path); err != nil {
		return nil, err
	}
	if err = g.loadChain(path); err != nil {
		return nil, err
	}
	if g.Pace == nil {
		if g.Aggregate, err = aggregate.LoadArtifact(path); err != nil {
			return nil, err
		}
	}
	dir, err := path(weightsName)
	if err != nil {
		return nil, err
	}
	g.Network, err = lstm.LoadWindow(b, dir)
	return g, err
}

// loadChain reads the chain and ties labels to their places in connections.
func (g *Generator) loadChain(path artifact.Paths) (err error) {
	if g.Chain, err = embedding.LoadChain(path); err != nil || !g.connected() {
		return err
	}
	first, last := g.Mixtures.Places()
	if err := g.Chain.SetPositions(markov.Positions{First: first, Last: last}); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return nil
}

// places is how many packets at each end of a connection have a mixture of their own
// (LIMIT in NeCSTGen).
const places = 4

// connected reports whether the generator is of the variant with positions and flags.
func (f *facts) connected() bool { return f.Protocol == flow.TCP && f.Pace == nil }

// fit trains the window network: a fresh point drawn from each packet's component and
// decoded is the input, the packet itself the target.
func (g *Generator) fit(ctx context.Context, b compute.Backend, network lstm.WindowConfig, set *training.Set, labels []int, observe func(fit.Epoch) error) error {
	var err error
	g.Application, g.Protocol, g.Pace = set.Flows[0].Application, training.Protocol(set.Flows), set.Pace
	if g.Radio, err = radio.Fit(set.Flows, set.Pace != nil); err != nil {
		return err
	}
	if err := g.fitTargets(set.Flows); err != nil {
		return err
	}
	codes, _, err := g.Decode(labels, rand.NewPCG(network.Fit.Seed, 0x6465))
	if err != nil {
		return err
	}
	lengths := timeline.Lengths(set.Flows)
	x := g.placed(codes, lengths)
	_, network.Inputs = x.Dims()
	network.Heads, network.Features = g.outputs()
	g.Network, err = lstm.FitWindow(ctx, b, network, x, lengths, g.targetRows(set.Flows), observe)
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	return g.fitDecoding(set.Flows, x, lengths)
}

// fitDecoding learns how the outputs of the trained network for its own inputs x become
// packets again.
func (g *Generator) fitDecoding(flows []*flow.Flow, x *mat.Dense, lengths []int) error {
	if g.connected() {
		g.Closing = fitClosing(flows)
	}
	y, err := g.Network.Predict(x, lengths)
	if err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	g.fitRanks(flows, y)
	return nil
}

// placed returns the network's input: the decoded points, with the place in the flow
// in front for connections.
func (g *Generator) placed(x *mat.Dense, lengths []int) *mat.Dense {
	if !g.connected() {
		return x
	}
	rows, width := x.Dims()
	placed := mat.NewDense(rows, width+1, nil)
	row := 0
	for _, n := range lengths {
		for i := range n {
			placed.Set(row, 0, flowPart(i, n))
			copy(placed.RawRowView(row)[1:], x.RawRowView(row))
			row++
		}
	}
	return placed
}

// flowPart codes a packet's place: 0, 1/9 .. 3/9 for the first four, 4/9 for the
// body, 5/9 .. 8/9 for the last four, the end winning: different codes at both
// ends, and the same in training and generation (D26).
func flowPart(i, n int) float64 {
	switch after := n - 1 - i; {
	case after < places:
		return float64(2*places-after) / (2*places + 1)
	case i < places:
		return float64(i) / (2*places + 1)
	}
	return float64(places) / (2*places + 1)
}

// ChainLabels draws flow after flow from the chain, of lengths that the aggregate
// level draws, until there are n labels; without flows, one timeline.
func (g *Generator) ChainLabels(n int, src rand.Source) ([]int, error) {
	if err := embedding.CheckCount(n); err != nil {
		return nil, err
	}
	next := g.labels(generator.Request{Flows: n, Seed: src.Uint64()}, src)
	var labels []int
	for len(labels) < n {
		var err error
		if labels, _, _, err = next(labels); err != nil {
			return nil, err
		}
	}
	return labels[:n], nil
}
