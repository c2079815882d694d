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

// Assign gives an uplink the device of that number, or for -1 draws one, by how well
// settings, lengths and levels fit one of the device's habits. The uplink gets that
// habit: a device has the spreading factors and the lengths that it had in training.
func (h *deviceDraw) Assign(p *flow.Packet, device int) {
	if settingsOf(p).joins() {
		p.Radio.Address, p.Radio.Counter = 0, 0
		return
	}
	from, to := 0, len(h.List)
	if device >= 0 {
		from, to = min(device, to), min(device+1, to)
	}
	if from < to { // else the device is not among those that were learnt
		var kept habitKey
		if device, kept = h.fitting(p, from, to); kept != habitOf(p) {
			kept.apply(p)
		}
		p.Radio.Gateway = gatewayAddress(h.List[device].Gateway)
	}
	h.count(p, device)
}

// fitting draws a device, of those from one number to before another, and a habit of
// it, by how well they fit an uplink.
func (h *deviceDraw) fitting(p *flow.Packet, from, to int) (device int, kept habitKey) {
	drawn, r := habitOf(p), p.Radio
	total := 0.0
	h.weights = h.weights[:0]
	for _, s := range h.List[from:to] {
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
	device, habit := from, 0
	for k := 0; k < len(h.weights)-1 && u >= h.weights[k]; k++ {
		u -= h.weights[k]
		if habit++; habit == len(h.List[device].Habits) {
			device, habit = device+1, 0
		}
	}
	return device, h.List[device].Habits[habit].habitKey
}

// count gives an uplink of a device its address and its counter.
func (h *deviceDraw) count(p *flow.Packet, device int) {
	r := p.Radio
	if settingsOf(p).joins() {
		r.Address, r.Counter = 0, 0
		return
	}
	for device >= len(h.known) {
		h.known, h.counters = append(h.known, false), append(h.counters, 0)
	}
	if h.known[device] {
		h.counters[device] = h.counter.next(h.counters[device], draw.Index(h.random, h.counter.Weights), h.random)
	} else {
		h.known[device], h.counters[device] = true, h.counter.first(h.random)
	}
	r.Address, r.Counter = address(int64(device)), h.counters[device]
}
