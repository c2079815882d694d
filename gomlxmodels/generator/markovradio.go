package generator

import (
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
)

// markovUplinks are the radio fields of Markov's tokens: the settings are part of
// the token; levels and frequency are copied from a training uplink of the same
// token; counters go on by the steps of the training. Nil: the packets are no uplinks.
type markovUplinks struct {
	Model *radioModel    `json:"model"`
	Seen  [][]flow.Radio `json:"seen"` // of training, by label; without gateway, address and counter
}

func fitMarkovUplinks(flows []*flow.Flow) (*markovUplinks, error) {
	m, err := fitRadio(flows, Config{})
	if m == nil || err != nil {
		return nil, err
	}
	m.Profiles = nil // there is no network to be told
	return &markovUplinks{Model: m}, nil
}

// key is what a token has of an uplink.
func (u *markovUplinks) key(p *flow.Packet) int64 {
	if u == nil {
		return 0
	}
	return settingsOf(p).key()
}

// add keeps the uplink p of a label.
func (u *markovUplinks) add(label int, p *flow.Packet) {
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

// noFlow makes the uplinks those of a timeline, whose devices are given later.
func (u *markovUplinks) noFlow(flows []*flow.Flow) {
	if u != nil {
		u.Model.Devices = fitDevices(flows)
	}
}

func (u *markovUplinks) model() *radioModel {
	if u == nil {
		return nil
	}
	return u.Model
}

// draw gives packet p of flow id an uplink of its label; past is of the flow.
func (u *markovUplinks) draw(p *flow.Packet, label int, past *radioPast, id int64, random *rand.Rand) {
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
		r.Counter = u.Model.Counter.next(past.counter, drawClass(random, u.Model.Counter.Shares), random)
	}
	past.add(&r)
	p.Radio = &r
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}
