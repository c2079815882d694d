package radio

import (
	"maps"
	"math"
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
	List       []*sender `json:"list"`       // by gateway and address
	Segment    int       `json:"segment"`    // uplinks of a segment
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

// tally is what is counted of a device.
type tally struct {
	sender
	rssi, snr   []float64
	frequencies []uint32
	same        int // uplinks on the frequency of the one before
	last        *flow.Packet
	steps       []int32 // of the counter between neighbours, stepBack for a step back
	waits       []int64 // nanoseconds between neighbours
	heard       int64   // nanoseconds, the sum of waits
	habits      map[habitKey]int
}

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
	same, chance := repeatsOf(tallies, names)
	rssi, snr := pooled(tallies, names, func(t *tally) []float64 { return t.rssi }), pooled(tallies, names, func(t *tally) []float64 { return t.snr })
	for i, name := range names {
		t := tallies[name]
		d.index[name] = i
		d.List = append(d.List, t.sender.of(t, span, rssi, snr, same/chance))
	}
	return d
}

// add counts an uplink.
func (t *tally) add(p *flow.Packet) {
	r := p.Radio
	t.Uplinks++
	t.rssi, t.snr = append(t.rssi, float64(r.RSSI)), append(t.snr, float64(r.SNR))
	t.frequencies = append(t.frequencies, r.Frequency)
	t.habits[habitOf(p)]++
	if t.last != nil {
		if r.Frequency == t.last.Radio.Frequency {
			t.same++
		}
		if wait := max(0, p.Time-t.last.Time); timeline.Believed(wait) {
			t.steps, t.waits = append(t.steps, stepBetween(t.last.Radio.Counter, r.Counter)), append(t.waits, wait)
			t.heard += wait
		}
	}
	t.last = p
}

// chance returns how many uplinks of a device would follow one on the same frequency,
// if it chose without looking back.
func (t *tally) chance() float64 {
	sum := 0.0
	for _, c := range countChannels(t.frequencies) {
		fraction := float64(c.Count) / float64(t.Uplinks)
		sum += fraction * fraction
	}
	return sum * float64(t.Uplinks-1)
}

// repeatsOf returns how many uplinks of all devices are on the frequency of the one
// before, and how many would be by chance.
func repeatsOf(tallies map[string]*tally, names []string) (same, chance float64) {
	for _, name := range names {
		t := tallies[name]
		same, chance = same+float64(t.same), chance+t.chance()
	}
	return same, max(chance, 1e-9)
}

// of completes what is known of the device of a tally. span is the time of the whole
// timeline, rssi and snr the deviations of all devices from their means, and repeats
// what is taken for the device's own where it has sent too little.
func (s sender) of(t *tally, span int64, rssi, snr, repeats float64) *sender {
	s.Habits, s.Channels = habitsOf(t.habits), countChannels(t.frequencies)
	s.Levels = levels{shrunk(t.rssi, rssi), shrunk(t.snr, snr)}
	for i := range s.Channels {
		c := &s.Channels[i]
		c.Levels = levels{s.Levels.RSSI.on(t.rssi, t.frequencies, c.Frequency), s.Levels.SNR.on(t.snr, t.frequencies, c.Frequency)}
	}
	if s.Repeats = min(1, repeats); s.Uplinks >= settled {
		s.Repeats = min(1, float64(t.same)/max(1e-9, t.chance()))
	}
	s.Clock = fitClock(t, span)
	return &s
}

// countChannels counts frequencies, the most frequent first.
func countChannels(frequencies []uint32) []channel {
	counts := make(map[uint32]int)
	for _, frequency := range frequencies {
		counts[frequency]++
	}
	var list []channel
	for frequency, count := range counts {
		list = append(list, channel{Frequency: frequency, Count: count})
	}
	slices.SortFunc(list, func(a, b channel) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return int(int64(a.Frequency) - int64(b.Frequency))
	})
	return list
}

// pooled returns the standard deviation of a level from each device's mean.
func pooled(tallies map[string]*tally, names []string, values func(*tally) []float64) float64 {
	var squares, degrees float64
	for _, name := range names {
		x := values(tallies[name])
		_, deviation := moments(x)
		squares += deviation * deviation * float64(len(x))
		degrees += float64(len(x) - 1)
	}
	return max(leastDeviation, math.Sqrt(squares/max(1, degrees)))
}

// moments returns the mean and the standard deviation of values.
func moments(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(deviation)
}

// trusted is how many uplinks of its own weigh as much as what all devices, or all
// channels of a device, have in common.
const trusted = 4

// shrunk returns the mean of a device's level and its deviation, that of a device with
// few uplinks near what is common.
func shrunk(x []float64, common float64) levelStats {
	mean, own := moments(x)
	n := float64(len(x) - 1)
	return levelStats{mean, max(leastDeviation, math.Sqrt((own*own*float64(len(x))+trusted*common*common)/(n+trusted)))}
}

// on returns the level of a device's uplinks on one frequency, near those of the
// device where it has few there.
func (s levelStats) on(values []float64, frequencies []uint32, frequency uint32) levelStats {
	var x []float64
	for i, v := range values {
		if frequencies[i] == frequency {
			x = append(x, v)
		}
	}
	mean, own := moments(x)
	n := float64(len(x))
	mean += (s.Mean - mean) * trusted / (n + trusted)
	return levelStats{mean, max(leastDeviation, math.Sqrt((n*own*own+trusted*s.Deviation*s.Deviation)/(n+trusted)))}
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
