package radio

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// Copies are the radio fields of the baseline that counts tokens: the settings are
// part of the token; levels and frequency are copied from a training uplink of the
// same token; counters go on by the steps of the training. A nil *Copies is of
// packets that are no uplinks.
type Copies struct {
	Model *Uplinks       `json:"model"`
	Seen  [][]flow.Radio `json:"seen"` // of training, by label; without gateway, address and counter
}

// FitCopies learns what the copies of all tokens have in common. Without flows, the
// flows are segments of one timeline, and devices are given to uplinks later.
func FitCopies(flows []*flow.Flow, segments bool) (*Copies, error) {
	m, err := Fit(flows, segments)
	uplinks, ok := m.Fields.(*Uplinks)
	if !ok || err != nil {
		return nil, err
	}
	return &Copies{Model: uplinks}, nil
}

// Key returns what a token has of an uplink.
func (u *Copies) Key(p *flow.Packet) int64 {
	if u == nil {
		return 0
	}
	return settingsOf(p).key()
}

// Add keeps the uplink p of a label.
func (u *Copies) Add(label int, p *flow.Packet) {
	if u == nil {
		return
	}
	if label == len(u.Seen) {
		u.Seen = append(u.Seen, nil)
	}
	r := *p.Radio
	r.Gateway, r.Address, r.Counter = 0, 0, 0
	u.Seen[label] = append(u.Seen[label], r)
}

// Devices give the uplinks of a timeline without flows their devices.
func (u *Copies) Devices(seed uint64) timeline.Devices {
	if u == nil {
		return None{}
	}
	return u.Model.Devices(seed)
}

// Check refuses copies that do not belong to so many tokens.
func (u *Copies) Check(tokens int) error {
	switch {
	case u == nil:
		return nil
	case u.Model == nil || len(u.Seen) != tokens:
		return fmt.Errorf("generator: radio fields of %d tokens for %d", len(u.Seen), tokens)
	}
	return u.Model.prepare()
}

// Draw gives packet p of flow id an uplink of its label; past is of the flow.
func (u *Copies) Draw(p *flow.Packet, label int, past *Past, id int64, random *rand.Rand) {
	if u == nil {
		return
	}
	r := u.Seen[label][random.IntN(len(u.Seen[label]))]
	if past.packets == 0 {
		past.gateway, past.address = u.Model.gateway(random), address(id)
	}
	r.Gateway, r.Address = past.gateway, past.address
	switch {
	case (settings{mtype: r.MType}).joins():
		r.Address, r.Counter = 0, 0
	case past.packets == 0:
		r.Counter = u.Model.Counter.first(random)
	default:
		r.Counter = u.Model.Counter.next(past.counter, draw.Index(random, u.Model.Counter.Weights), random)
	}
	past.Add(&r)
	p.Radio = &r
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}
