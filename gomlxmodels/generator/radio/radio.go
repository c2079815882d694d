// Package radio is what the generators know of the radio fields of LoRaWAN uplinks
// (flow.Packet.Radio): settings, frequency, levels, frame counters, and the devices
// that send.
//
//	Fields     the radio fields of packets, as a generator asks for them
//	None       those of packets that have none
//	Uplinks    those of LoRaWAN uplinks: with flows, a flow is what one gateway hears
//	           of one device; without, the habits of every device are known
//	Plan       who sends when in a segment of a timeline without flows
//	Model      a Fields that can be saved
//	Copies     the radio fields of the baseline that copies tokens
//
// Without flows, the sampled network is told who sends next, by the devices' own clocks
// or by a schedule, and draws the uplink; the paper's network, which knows of no
// device, predicts uplinks, and each is given to the device whose habits it fits best,
// and that habit. Gateways and device addresses are made up.
package radio

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// Fields are the radio fields of packets, as the generators sampled and paper ask
// for them, whether packets have any or not.
type Fields interface {
	Heads() []lstm.Head // of the sampled network, behind those that all packets have
	PastWidth() int     // numbers that AppendPast adds
	ProfileWidth() int  // numbers that a profile adds to what is drawn for a flow

	// AppendProfiles learns the profiles of the training flows' devices, jointly with
	// what is known of each flow, and adds them to that.
	AppendProfiles(ctx context.Context, flows []*flow.Flow, latents [][]float32, seed uint64) error
	// Profiles returns a function that adds a drawn profile to what is drawn for a flow.
	Profiles(seed uint64) func(latent []float32) []float32
	// Plans returns a function that plans one segment of a timeline after the other, as the
	// request's schedule says if it has one; nil where nothing is planned.
	Plans(r generator.Request) func() *Plan

	Begin(f *flow.Flow) Past                      // the past before the first packet of a training flow
	BeginDrawn(latent []float32, plan *Plan) Past // the same of a drawn flow, given its latent with the profile, or a segment's plan

	// Encode fills the codes of the heads for packet i of a flow.
	Encode(codes []int32, f *flow.Flow, i int, past *Past)
	// Decode gives packet p of flow id the fields that codes name.
	Decode(p *flow.Packet, codes []int32, past *Past, id int64, random *rand.Rand)
	// AppendPast adds what the sampled network is told of the packets before.
	AppendPast(dst []float32, past *Past) []float32

	// Outputs are the outputs of the paper's network, given those for other packets.
	Outputs(classes []Class, numbers []Number) ([]Class, []Number)
	// Complete gives packet p of flow id what the paper's network does not predict.
	// Feature returns a decoded feature of the packet by name.
	Complete(p *flow.Packet, feature func(name string) float64, past *Past, id int64, random *rand.Rand)

	// Devices give the packets of a timeline without flows, drawn without a plan, their
	// senders.
	Devices(seed uint64) timeline.Devices
}

// None are the fields of packets that have none.
type None struct{}

var _ Fields = None{}

// Heads returns none.
func (None) Heads() []lstm.Head { return nil }

// PastWidth returns 0.
func (None) PastWidth() int { return 0 }

// ProfileWidth returns 0.
func (None) ProfileWidth() int { return 0 }

// AppendProfiles does nothing.
func (None) AppendProfiles(context.Context, []*flow.Flow, [][]float32, uint64) error { return nil }

// Profiles adds nothing.
func (None) Profiles(uint64) func([]float32) []float32 {
	return func(latent []float32) []float32 { return latent }
}

// Plans plans nothing.
func (None) Plans(generator.Request) func() *Plan { return func() *Plan { return nil } }

// Begin returns nothing to know.
func (None) Begin(*flow.Flow) Past { return Past{} }

// BeginDrawn returns nothing to know.
func (None) BeginDrawn([]float32, *Plan) Past { return Past{} }

// Encode does nothing.
func (None) Encode([]int32, *flow.Flow, int, *Past) {}

// Decode does nothing.
func (None) Decode(*flow.Packet, []int32, *Past, int64, *rand.Rand) {}

// AppendPast adds nothing.
func (None) AppendPast(dst []float32, _ *Past) []float32 { return dst }

// Outputs returns what it is given.
func (None) Outputs(classes []Class, numbers []Number) ([]Class, []Number) { return classes, numbers }

// Complete does nothing.
func (None) Complete(*flow.Packet, func(string) float64, *Past, int64, *rand.Rand) {}

// Devices give nothing.
func (None) Devices(uint64) timeline.Devices { return None{} }

// Assign does nothing.
func (None) Assign(*flow.Packet, int) {}

// Model holds the fields of a generator. As JSON it is null, or the Uplinks.
type Model struct{ Fields }

// MarshalJSON writes the uplinks, or null.
func (m Model) MarshalJSON() ([]byte, error) {
	uplinks, _ := m.Fields.(*Uplinks)
	return json.Marshal(uplinks)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Model) UnmarshalJSON(text []byte) error {
	var uplinks *Uplinks
	if err := json.Unmarshal(text, &uplinks); err != nil {
		return err
	}
	if m.Fields = (None{}); uplinks == nil {
		return nil
	}
	m.Fields = uplinks
	return uplinks.prepare()
}

// Fit learns the radio fields of flows; without flows these are segments of one
// timeline. Uplinks and other packets together are an error.
func Fit(flows []*flow.Flow, segments bool) (Model, error) {
	uplinks, err := AllUplinks(flows)
	if err != nil || !uplinks {
		return Model{None{}}, err
	}
	m, err := fitUplinks(flows, segments)
	return Model{m}, err
}

// AllUplinks reports whether the packets are uplinks; some and others are an error.
func AllUplinks(flows []*flow.Flow) (bool, error) {
	uplinks := flows[0].Packets[0].Radio != nil
	for i, f := range flows {
		for j := range f.Packets {
			if (f.Packets[j].Radio != nil) != uplinks {
				return false, fmt.Errorf("generator: flow %d, packet %d: LoRaWAN uplinks and other packets together: want one kind, so learn each by itself", i, j)
			}
		}
	}
	return uplinks, nil
}
