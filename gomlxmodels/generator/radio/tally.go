package radio

import (
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

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
	return levelStats{Mean: mean, Deviation: max(leastDeviation, math.Sqrt((own*own*float64(len(x))+trusted*common*common)/(n+trusted)))}.withValues(x)
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
	return levelStats{Mean: mean, Deviation: max(leastDeviation, math.Sqrt((n*own*own+trusted*s.Deviation*s.Deviation)/(n+trusted)))}.withValues(x)
}
