package radio

import (
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// deviceDraw gives uplinks that were drawn without a device theirs, one after the
// other.
type deviceDraw struct {
	*senders
	counter  *counterModel
	random   *rand.Rand
	counters []uint32
	known    []bool
	weights  []float64 // by device and habit, in order
}

// Devices give the uplinks of a timeline without flows their devices; where there
// are flows, these have theirs.
func (m *Uplinks) Devices(seed uint64) timeline.Devices {
	if m.Senders == nil {
		return None{}
	}
	n := len(m.Senders.List)
	return &deviceDraw{senders: m.Senders, counter: &m.Counter, random: rand.New(rand.NewPCG(seed, 0x68656172)), counters: make([]uint32, n), known: make([]bool, n)}
}

// Assign draws the device of an uplink, by how well settings, lengths and levels fit
// one of the device's habits, and gives the uplink that habit: a device has the
// spreading factors and the lengths that it had in training.
func (h *deviceDraw) Assign(p *flow.Packet) {
	r := p.Radio
	if settingsOf(p).joins() {
		r.Address, r.Counter = 0, 0
		return
	}
	drawn := habitOf(p)
	total := 0.0
	h.weights = h.weights[:0]
	for _, s := range h.List {
		of := s.on(r.Frequency)
		a, b := of.RSSI.unit(float64(r.RSSI)), of.SNR.unit(float64(r.SNR))
		levels := math.Exp(-(a*a+b*b)/2)/(of.RSSI.Deviation*of.SNR.Deviation) + 1e-12
		for _, one := range s.Habits {
			w := float64(one.Count) * levels * one.fit(drawn)
			h.weights = append(h.weights, w)
			total += w
		}
	}
	u := h.random.Float64() * total
	device, habit := 0, 0
	for k := 0; k < len(h.weights)-1 && u >= h.weights[k]; k++ {
		u -= h.weights[k]
		if habit++; habit == len(h.List[device].Habits) {
			device, habit = device+1, 0
		}
	}
	h.give(p, device, habit)
}

// give makes an uplink the device's, of one of its habits.
func (h *deviceDraw) give(p *flow.Packet, device, habit int) {
	if s := h.List[device]; habitOf(p) != s.Habits[habit].habitKey {
		s.Habits[habit].apply(p)
	}
	r := p.Radio
	r.Gateway = gatewayAddress(h.List[device].Gateway)
	if settingsOf(p).joins() {
		r.Address, r.Counter = 0, 0
		return
	}
	if h.known[device] {
		h.counters[device] = h.counter.next(h.counters[device], draw.Index(h.random, h.counter.Weights), h.random)
	} else {
		h.known[device], h.counters[device] = true, h.counter.first(h.random)
	}
	r.Address, r.Counter = address(int64(device)), h.counters[device]
}
