package fidelity

import (
	"math"
	"math/bits"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// radioSample is what the scores look at in uplinks of LoRaWAN devices.
type radioSample struct {
	snr, rssi []float64         // dB and dBm, sorted
	byFactor  map[int][]float64 // SNR by spreading factor, sorted

	factor, frequency, port, messageType, bandwidth, codeRate, crc map[int]float64 // uplinks
}

// newRadioSample is nil where no packet is an uplink.
func newRadioSample(flows []*flow.Flow) *radioSample {
	s := &radioSample{
		byFactor: map[int][]float64{}, factor: map[int]float64{}, frequency: map[int]float64{}, port: map[int]float64{},
		messageType: map[int]float64{}, bandwidth: map[int]float64{}, codeRate: map[int]float64{}, crc: map[int]float64{},
	}
	for _, f := range flows {
		for i := range f.Packets {
			if r := f.Packets[i].Radio; r != nil {
				s.add(r)
			}
		}
	}
	if len(s.snr) == 0 {
		return nil
	}
	slices.Sort(s.snr)
	slices.Sort(s.rssi)
	for _, values := range s.byFactor {
		slices.Sort(values)
	}
	return s
}

// add takes an uplink into the sample.
func (s *radioSample) add(r *flow.Radio) {
	snr := decibels(r.SNR)
	s.snr, s.rssi = append(s.snr, snr), append(s.rssi, decibels(r.RSSI))
	factor := int(r.SpreadingFactor)
	s.byFactor[factor] = append(s.byFactor[factor], snr)
	s.factor[factor]++
	s.frequency[int(r.Frequency)]++
	s.port[int(r.Port)]++
	s.messageType[int(r.MType)]++
	s.bandwidth[int(r.Bandwidth)]++
	s.codeRate[int(r.CodeRate)]++
	s.crc[int(r.CRC)]++
}

// decibels is a level in quarters of a decibel, which is what LoRaTap captures keep.
// Gateway logs have decimals: 7.2 and 7.75 dB are one level in two notations, and
// told apart they would give every capture away.
func decibels(level float32) float64 { return math.Round(4*float64(level)) / 4 }

// radioMeasures are about what gateways note of LoRaWAN uplinks.
func radioMeasures() []measure {
	list := slices.Concat(
		level("SNR", "the signal-to-noise ratios in dB", func(s *radioSample) []float64 { return s.snr }),
		level("RSSI", "the received signal strengths in dBm", func(s *radioSample) []float64 { return s.rssi }),
		setting("spreading factor", "the spreading factors", func(s *radioSample) map[int]float64 { return s.factor }),
		setting("frequency", "the channels' frequencies", func(s *radioSample) map[int]float64 { return s.frequency }),
		needing(NoDevices, slices.Concat(
			setting("port", "the FPorts", func(s *radioSample) map[int]float64 { return s.port }),
			setting("message type", "the message types", func(s *radioSample) map[int]float64 { return s.messageType }),
		)),
		setting("bandwidth", "the bandwidths", func(s *radioSample) map[int]float64 { return s.bandwidth }),
		setting("code rate", "the code rates", func(s *radioSample) map[int]float64 { return s.codeRate }),
		setting("CRC", "the results of the CRC", func(s *radioSample) map[int]float64 { return s.crc }),
		[]measure{
			{
				Definition: Definition{"radio", "SNR given spreading factor KS", Distance,
					"Kolmogorov-Smirnov distance of the SNR of the uplinks of each spreading factor, weighted by the real uplinks of each."},
				compute: func(c *comparison) result { return levelByFactor(c.real.radio, c.synthetic.radio) },
			},
			{
				Definition: Definition{"radio", "counter steps JSD bits", Distance,
					jensenShannonOf + "the frame counters' steps from one uplink of a device at a gateway to the next: back, 0, 1, 2, 3, then by powers of two."},
				all:   true,
				needs: NoDevices,
				compute: func(c *comparison) result {
					return tables(jensenShannon, c.whole.counterSteps(), c.generated.counterSteps())
				},
			},
		},
	)
	for i := range list {
		list[i].uplinks = true
	}
	return list
}

// level makes the scores of a signal level.
func level(name, what string, values func(s *radioSample) []float64) []measure {
	return numeric("radio", name, what, func(s *sample) []float64 { return values(s.radio) })
}

// setting makes the scores of something that a device or gateway sets.
func setting(name, what string, counts func(s *radioSample) map[int]float64) []measure {
	return []measure{
		{
			Definition: Definition{"radio", name + " TV", Distance, "Total variation of the proportions of " + what + "."},
			compute: func(c *comparison) result {
				return tables(totalVariation, counts(c.real.radio), counts(c.synthetic.radio))
			},
		},
		{
			Definition: Definition{"radio", name + " JSD bits", Distance, jensenShannonOf + what + "."},
			compute: func(c *comparison) result {
				return tables(jensenShannon, counts(c.real.radio), counts(c.synthetic.radio))
			},
		},
	}
}

// minLevels is how many uplinks of a spreading factor each side needs.
const minLevels = 20

// levelByFactor is the mean over the spreading factors of the distance between the
// SNRs of both sides, weighted by the real uplinks.
func levelByFactor(real, synthetic *radioSample) result {
	var sum, weight float64
	factors := 0
	for factor := range 256 {
		a, b := real.byFactor[factor], synthetic.byFactor[factor]
		if len(a) >= minLevels && len(b) >= minLevels {
			sum += float64(len(a)) * kolmogorovSmirnov(each(a), each(b))
			weight += float64(len(a))
			factors++
		}
	}
	if factors == 0 {
		return missing("no spreading factor has %d uplinks on both sides", minLevels)
	}
	r := result{value: sum / weight, real: len(real.snr), synthetic: len(synthetic.snr)}
	if factors < len(real.byFactor) {
		r.note = "over the spreading factors with enough uplinks on both sides"
	}
	return r
}

// counterSteps counts the classes of the frame counters' steps, device by device.
func (t *timeline) counterSteps() map[int]float64 {
	type device struct {
		gateway uint64
		address uint32
	}
	steps := map[int]float64{}
	last := map[device]uint32{}
	for _, f := range t.flows {
		for i := range f.Packets {
			r := f.Packets[i].Radio
			if r == nil || r.Address == 0 { // a join request has no counter
				continue
			}
			key := device{r.Gateway, r.Address}
			if before, known := last[key]; known {
				steps[stepClass(before, r.Counter)]++
			}
			last[key] = r.Counter
		}
	}
	return steps
}

// stepClass is -1 for a step back, the step itself up to 3, and from there one
// class per power of two. Counters go round at 16 bits.
func stepClass(before, now uint32) int {
	switch step := uint16(now - before); {
	case step >= math.MaxInt16:
		return -1
	case step <= 3:
		return int(step)
	default:
		return 1 + bits.Len16(step)
	}
}

// windowFields adds what windows have of an uplink beside lengths, time and header:
// spreading factor, frequency in MHz, SNR, RSSI, code rate, and the class of the
// counter's step since the device's uplink before in the flow or segment, which
// counters has; firstHeard where there is none.
func windowFields(dst []float64, r *flow.Radio, counters map[uint32]uint32) []float64 {
	step := float64(firstHeard)
	if before, known := counters[r.Address]; known {
		step = float64(stepClass(before, r.Counter))
	}
	if r.Address != 0 { // a join request has no counter
		counters[r.Address] = r.Counter
	}
	return append(dst, float64(r.SpreadingFactor), float64(r.Frequency)/1e6, decibels(r.SNR), decibels(r.RSSI), float64(r.CodeRate), step)
}

// uplinkFields is how many windowFields adds; a downlink between uplinks has zeros.
const uplinkFields = 6

// firstHeard is the step class of a device's first uplink.
const firstHeard = -2

// uplinkColumns are what uplinkRows have.
var uplinkColumns = []string{"length", "log gap", "spreading factor", "frequency", "SNR", "RSSI", "port", "message type"}

// uplinkRows is one row for every uplink.
func uplinkRows(s *sample) []row {
	var rows []row
	for j, f := range s.flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			if p.Radio == nil {
				continue
			}
			gap := math.Log10(gapFloor)
			if i > 0 {
				gap = s.clock.logSeconds(gapBefore(f, i))
			}
			rows = append(rows, row{[]float64{float64(p.Length), gap, float64(p.Radio.SpreadingFactor), float64(p.Radio.Frequency) / 1e6,
				decibels(p.Radio.SNR), decibels(p.Radio.RSSI), float64(p.Radio.Port), float64(p.Radio.MType)}, j})
		}
	}
	return rows
}
