package radio

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// Uplinks are the radio fields of LoRaWAN uplinks. The sampled network has heads for
// the settings (spreading factor, bandwidth, code rate, CRC, port, message type),
// frequency, RSSI, SNR and the step of the frame counter; a device's levels follow
// its profile, and on a timeline its habits. The paper's network has outputs for some, and the rest is drawn.
type Uplinks struct {
	Settings  *feature.Vocabulary `json:"settings"`  // of settings
	Frequency *feature.Vocabulary `json:"frequency"` // Hz
	RSSI      levelCode           `json:"rssi"`
	SNR       levelCode           `json:"snr"`
	Counter   counterModel        `json:"counter"`
	Gateways  []float64           `json:"gateways"`          // fraction of the flows, by gateway
	Profile   *profiles           `json:"profile,omitempty"` // of sampled
	Senders   *senders            `json:"senders,omitempty"` // of a timeline without flows
}

var _ Fields = (*Uplinks)(nil)

// The radio heads of the sampled network. A timeline without flows has no counter
// head: neighbours in it are of different devices.
const (
	headSettings = iota
	headFrequency
	headRSSI
	headSNR
	headStep
)

// fitUplinks learns all but the profiles.
func fitUplinks(flows []*flow.Flow, segments bool) (*Uplinks, error) {
	var keys, frequencies []int64
	var err error
	m := &Uplinks{}
	if segments {
		m.Senders = fitSenders(flows)
	}
	var rssi, snr []noted
	gateways := make(map[uint64]float64)
	for _, f := range flows {
		past := m.Begin(f)
		for i := range f.Packets {
			p := &f.Packets[i]
			of := m.levels(&past, p.Radio.Frequency)
			past.packets++
			keys, frequencies = append(keys, settingsOf(p).key()), append(frequencies, int64(p.Radio.Frequency))
			rssi, snr = append(rssi, rssiOf(p, of)), append(snr, snrOf(p, of))
		}
		gateways[f.Packets[0].Radio.Gateway]++
	}
	m.Settings, m.Frequency = feature.FitVocabulary(keys), feature.FitVocabulary(frequencies)
	if m.RSSI, err = fitLevel("RSSI", rssi); err != nil {
		return nil, err
	}
	if m.SNR, err = fitLevel("SNR", snr); err != nil {
		return nil, err
	}
	for _, n := range gateways {
		m.Gateways = append(m.Gateways, n/float64(len(flows)))
	}
	slices.Sort(m.Gateways)
	if m.Counter, err = fitCounter(flows); err != nil {
		return nil, err
	}
	return m, nil
}

// Heads returns the sampled network's heads for an uplink.
func (m *Uplinks) Heads() []lstm.Head {
	heads := []lstm.Head{{Name: "settings", Classes: m.Settings.Len() + m.repeats()}, {Name: "frequency", Classes: m.Frequency.Len()},
		{Name: "rssi", Classes: m.RSSI.Code.Len()}, {Name: "snr", Classes: m.SNR.Code.Len()}, {Name: "step", Classes: m.Counter.classes()}}
	return heads[:m.headCount()]
}

// headCount returns the number of heads.
func (m *Uplinks) headCount() int {
	if m.Senders != nil {
		return headStep
	}
	return headStep + 1
}

// repeats returns 1 where the first class of the settings is those of the uplink before:
// a device keeps its settings. In a timeline neighbours are of different devices.
func (m *Uplinks) repeats() int {
	if m.Senders != nil {
		return 0
	}
	return 1
}

// Encode fills the codes of the heads for packet i of a flow; past is what was before.
func (m *Uplinks) Encode(codes []int32, f *flow.Flow, i int, past *Past) {
	p := &f.Packets[i]
	key, setting := settingsOf(p).key(), 0
	if i == 0 || key != past.key || m.repeats() == 0 {
		setting, _ = m.Settings.Code(key)
		setting += m.repeats()
	}
	past.key = key
	frequency, _ := m.Frequency.Code(int64(p.Radio.Frequency))
	of := m.levels(past, p.Radio.Frequency)
	codes[headSettings], codes[headFrequency], codes[headRSSI], codes[headSNR] = int32(setting), int32(frequency), m.RSSI.code(rssiOf(p, of)), m.SNR.code(snrOf(p, of))
	if m.Senders == nil && i > 0 {
		codes[headStep] = int32(m.Counter.code(f.Packets[i-1].Radio.Counter, p.Radio.Counter))
	}
}

// Decode gives packet p of flow id the uplink that codes name. Past is of its flow;
// random chooses inside the bins.
func (m *Uplinks) Decode(p *flow.Packet, codes []int32, past *Past, id int64, random *rand.Rand) {
	s := m.settings(int(codes[headSettings])-m.repeats(), past)
	if past.packets == 0 && m.Senders == nil {
		past.gateway, past.address = m.gateway(random), address(id)
		if past.joins = s.joins(); past.joins {
			past.address = 0
		}
	} else if s.joins() != past.joins && m.Senders == nil { // one device's frames have all an address, or none
		s = m.alike(past.joins)
	}
	past.key = s.key()
	frequency := uint32(m.Frequency.Values[codes[headFrequency]])
	if m.Senders != nil {
		frequency = m.Senders.frequency(frequency, past, random)
	}
	of := m.levels(past, frequency)
	r := &flow.Radio{Gateway: past.gateway, Address: past.address, Port: s.port, MType: s.mtype,
		Frequency: frequency, SpreadingFactor: s.factor, Bandwidth: s.band, CodeRate: s.codeRate, CRC: s.crc,
		RSSI: m.RSSI.value(codes[headRSSI], random.Float64(), of.RSSI), SNR: m.SNR.value(codes[headSNR], random.Float64(), of.SNR)}
	switch {
	case m.Senders != nil: // the plan has counters
	case past.packets == 0:
		r.Counter = m.Counter.first(random)
	default:
		r.Counter = m.Counter.next(past.counter, int(codes[headStep]), random)
	}
	p.Radio = r
	p.Length += s.slack
	p.Captured = p.Length
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
	if m.Senders != nil {
		m.Senders.sent(p, past, random)
	}
}

// sent makes an uplink that was drawn the one that is planned: of that device, with
// its counter, by its habits.
func (d *senders) sent(p *flow.Packet, past *Past, random *rand.Rand) {
	next := past.plan[past.packets]
	s, r := d.List[next.sender], p.Radio
	s.keep(p, random)
	r.Gateway, r.Address, r.Counter = gatewayAddress(s.Gateway), address(int64(next.device)), next.counter
	if settingsOf(p).joins() {
		r.Address, r.Counter = 0, 0
	}
}

// frequency returns the frequency of the uplink that is planned, given the one drawn.
func (d *senders) frequency(drawn uint32, past *Past, random *rand.Rand) uint32 {
	next := past.plan[past.packets]
	return d.List[next.sender].frequency(drawn, past.heard[next.device].Frequency, random)
}

// levels returns the levels of the device that sends next, on a frequency.
func (m *Uplinks) levels(past *Past, frequency uint32) *levels {
	if m.Senders == nil {
		return &past.levels
	}
	return m.Senders.List[past.plan[past.packets].sender].on(frequency)
}

// settings returns those of a class; below 0 those of the uplink before, for the first
// uplink the most frequent of the spreading factor next to the device's mean.
func (m *Uplinks) settings(class int, past *Past) settings {
	switch {
	case class >= 0:
		return splitSettings(m.Settings.Values[class])
	case past.packets > 0:
		return splitSettings(past.key)
	}
	best, distance := settings{}, math.Inf(1)
	for _, key := range m.Settings.Values {
		s := splitSettings(key)
		if d := math.Abs(float64(s.factor) - past.meanFactor); d < distance {
			best, distance = s, d
		}
	}
	return best
}

// alike returns the most frequent setting with an address, or without.
func (m *Uplinks) alike(joins bool) settings {
	for _, key := range m.Settings.Values {
		if s := splitSettings(key); s.joins() == joins {
			return s
		}
	}
	return splitSettings(m.Settings.Values[0])
}

// gateway draws an identifier as often as in training, from the EUI-64 that
// are set apart for documentation (RFC 9542, 2.2.1): 00-00-5E-EF-10-00-00-xx.
func (m *Uplinks) gateway(random *rand.Rand) uint64 {
	return gatewayAddress(uint64(draw.Index(random, m.Gateways)))
}

// gatewayAddress returns the identifier of the gateway of a number.
func gatewayAddress(number uint64) uint64 { return documentationEUI + number&0xff }

const documentationEUI = 0x00005EEF10000000

// address returns the device address of flow id: of the NetIDs 0 and 1, which are for
// experiments (LoRaWAN backend interfaces 1.0, 6.1.1), another for each of the
// first 2^25 flows.
func address(id int64) uint32 {
	return uint32((uint64(id)*0x9E3779B1+1)%(1<<25-1)) + 1
}
