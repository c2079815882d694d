package radio

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// senders are the devices of a timeline without flows: there the network draws what a
// gateway hears, uplink after uplink, and which device each is of is drawn
// afterwards, by how well it fits the device's weight, spreading factors and
// levels. The devices' addresses are made up, and each has a counter of its own.
type senders struct {
	List []sender `json:"list"`
}

// sender is one of them.
type sender struct {
	Weight  float64    `json:"weight"`  // of the uplinks
	Factors [6]float64 `json:"factors"` // fraction of each spreading factor from 7 to 12
	RSSI    [2]float64 `json:"rssi"`    // mean and standard deviation, dBm
	SNR     [2]float64 `json:"snr"`     // the same, dB
	Port    int16      `json:"port"`    // the most frequent
}

// Floors of a device's figures: one that was heard once or twice shows less
// spread than it has.
const (
	leastLevelSpread = 2    // dB
	leastFactor      = 0.01 // of a device's uplinks
	otherPortWeight  = 0.05 // of a device whose port is another
)

// Numbers returns the numbers by which schedules name the devices of uplinks: those of
// the flows learnt by the order of their names, then what else the others hold.
func Numbers(learnt, others []*flow.Flow) map[string]int {
	numbers := make(map[string]int)
	for _, flows := range [][]*flow.Flow{learnt, others} {
		found := make(map[string]bool)
		for _, f := range flows {
			for i := range f.Packets {
				if r := f.Packets[i].Radio; r != nil {
					found[r.Device()] = true
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			if _, known := numbers[name]; !known {
				numbers[name] = len(numbers)
			}
		}
	}
	return numbers
}

// fitSenders measures the devices of a timeline, in the order of their Numbers.
func fitSenders(flows []*flow.Flow) *senders {
	type tally struct {
		n                      float64
		rssi, rssi2, snr, snr2 float64
		factors                [6]float64
		ports                  map[int16]int
	}
	tallies := make(map[string]*tally)
	var names []string
	total := 0.0
	for _, f := range flows {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			name := r.Device()
			t := tallies[name]
			if t == nil {
				t = &tally{ports: make(map[int16]int)}
				tallies[name] = t
				names = append(names, name)
			}
			rssi, snr := float64(r.RSSI), float64(r.SNR)
			t.n, t.rssi, t.rssi2, t.snr, t.snr2 = t.n+1, t.rssi+rssi, t.rssi2+rssi*rssi, t.snr+snr, t.snr2+snr*snr
			t.factors[factorIndex(r.SpreadingFactor)]++
			t.ports[r.Port]++
			total++
		}
	}
	slices.Sort(names)
	d := &senders{}
	spread := func(n, sum, squares float64) [2]float64 {
		mean := sum / n
		return [2]float64{mean, max(leastLevelSpread, math.Sqrt(max(0, squares/n-mean*mean)))}
	}
	for _, name := range names {
		t := tallies[name]
		one := sender{Weight: t.n / total, RSSI: spread(t.n, t.rssi, t.rssi2), SNR: spread(t.n, t.snr, t.snr2)}
		for i, n := range t.factors {
			one.Factors[i] = max(leastFactor, n/t.n)
		}
		most := 0
		for port, n := range t.ports {
			if n > most || n == most && port < one.Port {
				one.Port, most = port, n
			}
		}
		d.List = append(d.List, one)
	}
	return d
}

// factorIndex returns where a spreading factor stands among Factors.
func factorIndex(factor uint8) int { return int(min(max(factor, 7), 12)) - 7 }

// deviceDraw gives uplinks their devices, one after the other.
type deviceDraw struct {
	*senders
	counter  *counterModel
	random   *rand.Rand
	counters []uint32
	known    []bool
	weights  []float64
}

// Devices give the uplinks of a timeline without flows their devices; where there
// are flows, these have theirs.
func (m *Uplinks) Devices(seed uint64) timeline.Devices {
	if m.Senders == nil {
		return None{}
	}
	n := len(m.Senders.List)
	return &deviceDraw{m.Senders, &m.Counter, rand.New(rand.NewPCG(seed, 0x68656172)), make([]uint32, n), make([]bool, n), make([]float64, n)}
}

// Assign gives an uplink its device: the one of that number, for -1 one that fits.
func (h *deviceDraw) Assign(p *flow.Packet, device int) {
	r := p.Radio
	if (settings{mtype: r.MType}).joins() {
		r.Address, r.Counter = 0, 0
		return
	}
	if device < 0 {
		device = h.fitting(r)
	}
	for device >= len(h.known) { // heard, but not among those that were learnt
		h.known, h.counters = append(h.known, false), append(h.counters, 0)
	}
	if h.known[device] {
		h.counters[device] = h.counter.next(h.counters[device], draw.Index(h.random, h.counter.Weights), h.random)
	} else {
		h.known[device], h.counters[device] = true, h.counter.first(h.random)
	}
	r.Address, r.Counter = address(int64(device)), h.counters[device]
}

// fitting draws a device by how well it fits an uplink.
func (h *deviceDraw) fitting(r *flow.Radio) int {
	total := 0.0
	for i := range h.List {
		d := &h.List[i]
		a, b := (float64(r.RSSI)-d.RSSI[0])/d.RSSI[1], (float64(r.SNR)-d.SNR[0])/d.SNR[1]
		w := d.Weight * d.Factors[factorIndex(r.SpreadingFactor)] * math.Exp(-(a*a+b*b)/2) / (d.RSSI[1] * d.SNR[1])
		if r.Port != d.Port {
			w *= otherPortWeight
		}
		h.weights[i] = w + 1e-12*d.Weight
		total += h.weights[i]
	}
	u, i := h.random.Float64()*total, 0
	for i < len(h.weights)-1 && u >= h.weights[i] {
		u -= h.weights[i]
		i++
	}
	return i
}
