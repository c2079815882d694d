package radio

import (
	"maps"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// senders are the devices of a timeline without flows, and what is habit with each:
// settings, lengths, levels, channels, and when it sends. The sampled network is
// told which device sends next, by the devices' clocks, and draws the uplink; where
// uplinks come without a device, from the paper's network and the baselines, each is
// given afterwards to the device that it fits. The devices' addresses are made up, and
// each has a counter of its own.
type senders struct {
	List       []*sender `json:"list"`    // by gateway and address
	Segment    int       `json:"segment"` // uplinks of a segment
	Gateways   int       `json:"gateways"`
	Resolution int64     `json:"resolution"` // nanoseconds of which all times are multiples

	index map[string]int // while it learns: the place in List of a flow.Radio's Device
}

// sender is one device, as one gateway hears it.
type sender struct {
	Uplinks  int       `json:"uplinks"` // in training
	Gateway  uint64    `json:"gateway"` // number of the gateway
	Habits   []habit   `json:"habits"`
	Channels []channel `json:"channels"` // the most frequent first
	Repeats  float64   `json:"repeats"`  // how often it stays on its channel, as a multiple of what chance does; 1 at most
	Levels   levels    `json:"levels"`
	Clock    clock     `json:"clock"`
}

// channel is a frequency, how many uplinks were on it, and how a gateway hears a device
// there: antennas and interference make decibels of difference between channels.
type channel struct {
	Frequency uint32 `json:"frequency"` // Hz
	Count     int    `json:"count"`
	Levels    levels `json:"levels"` // of a device
}

// levels are those of the uplinks of a device.
type levels struct {
	RSSI levelStats `json:"rssi"` // dBm
	SNR  levelStats `json:"snr"`  // dB
}

// settled is from how many uplinks on a device's channels are known.
const settled = 20

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
	tallies := make(map[string]*tally)
	gateways := make(map[uint64]uint64)
	d := &senders{Resolution: timeline.Resolution(flows), index: make(map[string]int)}
	var span, before int64
	for i, f := range flows {
		d.Segment = max(d.Segment, len(f.Packets))
		for j := range f.Packets {
			p := &f.Packets[j]
			if gap := p.Time - before; (i > 0 || j > 0) && timeline.Believed(gap) {
				span += gap
			}
			before = p.Time
			if _, known := gateways[p.Radio.Gateway]; !known {
				gateways[p.Radio.Gateway] = uint64(len(gateways))
			}
			name := p.Radio.Device()
			t := tallies[name]
			if t == nil {
				t = &tally{sender: sender{Gateway: gateways[p.Radio.Gateway]}, habits: make(map[habitKey]int)}
				tallies[name] = t
			}
			t.add(p)
		}
	}
	names := slices.Sorted(maps.Keys(tallies))
	d.Gateways = len(gateways)
	same, chance := repeatsOf(tallies, names)
	rssi, snr := pooled(tallies, names, func(t *tally) []float64 { return t.rssi }), pooled(tallies, names, func(t *tally) []float64 { return t.snr })
	for i, name := range names {
		t := tallies[name]
		d.index[name] = i
		d.List = append(d.List, t.sender.of(t, span, rssi, snr, same/chance))
	}
	return d
}

// on returns the levels of the device on a frequency; on one that it has not used,
// those of all its uplinks.
func (s *sender) on(frequency uint32) *levels {
	for i := range s.Channels {
		if s.Channels[i].Frequency == frequency {
			return &s.Channels[i].Levels
		}
	}
	return &s.Levels
}
