package generator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// radioModel is what Sampled draws of a LoRaWAN uplink beside its length and gap:
// heads of their own for the settings (spreading factor, bandwidth, code rate,
// CRC, port, message type), frequency, RSSI, SNR and the step of the frame
// counter, and for each device a profile (profile.go). All methods do nothing on
// nil, the model of packets that are no uplinks.
type radioModel struct {
	Settings  *feature.Vocabulary `json:"settings"`  // of settings
	Frequency *feature.Vocabulary `json:"frequency"` // Hz
	RSSI      level               `json:"rssi"`
	SNR       level               `json:"snr"`
	Counter   counterModel        `json:"counter"`
	Gateways  []float64           `json:"gateways"` // share of the flows, by gateway
	Profiles  *profiles           `json:"profiles"`
	Devices   *devices            `json:"devices,omitempty"` // of a timeline without flows
}

// The radio heads, behind the headCount others. A timeline without flows has no
// counter head: neighbours in it are of different devices.
const (
	headSettings = iota
	headFrequency
	headRSSI
	headSNR
	headStep
)

// Bins of the levels and of counter steps, and the shares of all packets from
// which on a value is a class of its own: gateways note levels on coarse grids.
const (
	levelBins       = 24
	exactLevelShare = 0.004
	stepBins        = 12
	exactStepShare  = 0.002
)

// settings are the fields of an uplink that one head draws.
type settings struct {
	factor   uint8
	band     uint16
	codeRate uint8
	crc      int8
	port     int16
	mtype    uint8
	slack    int32 // bytes of the frame in neither header nor payload: its integrity code
}

// maxSlack bounds what a key keeps of slack.
const maxSlack = 63

func settingsOf(p *flow.Packet) settings {
	r := p.Radio
	slack := min(max(0, p.Length-p.HeaderLength-p.PayloadLength), maxSlack)
	return settings{r.SpreadingFactor, r.Bandwidth, r.CodeRate, r.CRC, r.Port, r.MType, slack}
}

// key packs the settings: 8 bits factor, 16 band, 8 code rate, 2 CRC, 9 port, 3 type, 6 slack.
func (s settings) key() int64 {
	k := int64(s.factor)
	k = k<<16 | int64(s.band)
	k = k<<8 | int64(s.codeRate)
	k = k<<2 | int64(s.crc+1)&3
	k = k<<9 | int64(s.port-flow.NoPort)&511
	k = k<<3 | int64(s.mtype&7)
	return k<<6 | int64(s.slack)
}

func splitSettings(k int64) settings {
	var s settings
	s.slack, k = int32(k&maxSlack), k>>6
	s.mtype, k = uint8(k&7), k>>3
	s.port, k = int16(k&511)+flow.NoPort, k>>9
	s.crc, k = int8(k&3)-1, k>>2
	s.codeRate, k = uint8(k), k>>8
	s.band, k = uint16(k), k>>16
	s.factor = uint8(k)
	return s
}

// joins tells a frame without a device address: a join request, or no data frame.
func (s settings) joins() bool { return s.mtype < 2 || s.mtype > 5 }

// level codes a radio level: of a device, as its distance from the device's mean in
// standard deviations, so that a device stays where it is from the first epoch on;
// of a timeline without flows, in dBm or dB.
type level struct {
	Code  *feature.Quantizer `json:"code"`
	Known []float64          `json:"known,omitempty"` // the values that occur, if they are few: the grid of the gateway's notes
}

// mostKnown is how many different values still count as a grid.
const mostKnown = 1024

func fitLevel(name string, values, units []float64) (level, error) {
	q, err := feature.FitQuantizer(units, levelBins, 1, exactLevelShare)
	if err != nil {
		return level{}, fmt.Errorf("generator: %s: %w", name, err)
	}
	known := slices.Clone(values)
	slices.Sort(known)
	if known = slices.Compact(known); len(known) > mostKnown {
		known = nil
	}
	return level{q, known}, nil
}

func (l *level) value(code int32, u float64, of standing) float32 {
	return l.near(of.value(l.Code.Value(int(code), 0, u)))
}

// standing is where a device stands: mean and standard deviation of a level.
type standing struct{ mean, deviation float64 }

func (p standing) unit(v float64) float64     { return (v - p.mean) / p.deviation }
func (p standing) value(unit float64) float64 { return p.mean + unit*p.deviation }

// near is the value that a gateway would note.
func (l *level) near(v float64) float32 {
	if len(l.Known) == 0 {
		return float32(v)
	}
	i := sort.SearchFloat64s(l.Known, v)
	if i == len(l.Known) || i > 0 && v-l.Known[i-1] < l.Known[i]-v {
		i--
	}
	return float32(l.Known[i])
}

// fitRadio learns the fields of uplinks; nil if no packet is one.
func fitRadio(flows []*flow.Flow, cfg Config) (*radioModel, error) {
	uplinks, err := allUplinks(flows)
	if err != nil || !uplinks {
		return nil, err
	}
	var keys, frequencies []int64
	m := &radioModel{}
	if cfg.NoFlow {
		m.Devices = fitDevices(flows)
	}
	m.Profiles = fitProfileScores(flows)
	var rssi, snr, unitRSSI, unitSNR []float64
	gateways := make(map[uint64]float64)
	for _, f := range flows {
		stands := m.pastOf(f)
		for i := range f.Packets {
			p := &f.Packets[i]
			unitRSSI, unitSNR = append(unitRSSI, stands.levelRSSI.unit(float64(p.Radio.RSSI))), append(unitSNR, stands.levelSNR.unit(float64(p.Radio.SNR)))
			keys, frequencies = append(keys, settingsOf(p).key()), append(frequencies, int64(p.Radio.Frequency))
			rssi, snr = append(rssi, float64(p.Radio.RSSI)), append(snr, float64(p.Radio.SNR))
		}
		gateways[f.Packets[0].Radio.Gateway]++
	}
	m.Settings, m.Frequency = feature.FitVocabulary(keys), feature.FitVocabulary(frequencies)
	if m.RSSI, err = fitLevel("RSSI", rssi, unitRSSI); err != nil {
		return nil, err
	}
	if m.SNR, err = fitLevel("SNR", snr, unitSNR); err != nil {
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

// allUplinks tells whether the packets are uplinks; some and others are an error.
func allUplinks(flows []*flow.Flow) (bool, error) {
	uplinks := flows[0].Packets[0].Radio != nil
	for i, f := range flows {
		for j := range f.Packets {
			if (f.Packets[j].Radio != nil) != uplinks {
				return false, fmt.Errorf("generator: flow %d, packet %d: LoRaWAN uplinks and other packets together: want one kind, so learn each by itself", i, j)
			}
		}
	}
	return uplinks, nil
}

// heads are the network's heads for an uplink.
func (m *radioModel) heads() []lstm.Head {
	if m == nil {
		return nil
	}
	heads := []lstm.Head{{Name: "settings", Classes: m.Settings.Len() + m.repeats()}, {Name: "frequency", Classes: m.Frequency.Len()},
		{Name: "rssi", Classes: m.RSSI.Code.Len()}, {Name: "snr", Classes: m.SNR.Code.Len()}, {Name: "step", Classes: m.Counter.classes()}}
	return heads[:m.headCount()]
}

func (m *radioModel) headCount() int {
	switch {
	case m == nil:
		return 0
	case m.Devices != nil:
		return headStep
	}
	return headStep + 1
}

// repeats is 1 where the first class of the settings is those of the uplink before:
// a device keeps its settings. In a timeline neighbours are of different devices.
func (m *radioModel) repeats() int {
	if m.Devices != nil {
		return 0
	}
	return 1
}

// encode fills codes [headCount] for packet i of a flow; past is what was before.
func (m *radioModel) encode(codes []int32, f *flow.Flow, i int, past *radioPast) {
	if m == nil {
		return
	}
	p := &f.Packets[i]
	key, setting := settingsOf(p).key(), 0
	if i == 0 || key != past.key || m.repeats() == 0 {
		setting, _ = m.Settings.Code(key)
		setting += m.repeats()
	}
	past.key = key
	frequency, _ := m.Frequency.Code(int64(p.Radio.Frequency))
	rssi, _ := m.RSSI.Code.Code(past.levelRSSI.unit(float64(p.Radio.RSSI)))
	snr, _ := m.SNR.Code.Code(past.levelSNR.unit(float64(p.Radio.SNR)))
	codes[headSettings], codes[headFrequency], codes[headRSSI], codes[headSNR] = int32(setting), int32(frequency), int32(rssi), int32(snr)
	if m.Devices == nil && i > 0 {
		codes[headStep] = int32(m.Counter.code(f.Packets[i-1].Radio.Counter, p.Radio.Counter))
	}
}

// decode gives packet p of flow id the uplink that codes name. past is of its
// flow; random chooses inside the bins.
func (m *radioModel) decode(p *flow.Packet, codes []int32, past *radioPast, id int64, random *rand.Rand) {
	if m == nil {
		return
	}
	s := m.settings(int(codes[headSettings])-m.repeats(), past)
	if past.packets == 0 {
		past.gateway, past.address = m.gateway(random), address(id)
		if past.joins = s.joins(); past.joins {
			past.address = 0
		}
	} else if s.joins() != past.joins && m.Devices == nil { // one device's frames have all an address, or none
		s = m.alike(past.joins)
	}
	past.key = s.key()
	r := &flow.Radio{Gateway: past.gateway, Address: past.address, Port: s.port, MType: s.mtype,
		Frequency: uint32(m.Frequency.Values[codes[headFrequency]]), SpreadingFactor: s.factor, Bandwidth: s.band, CodeRate: s.codeRate, CRC: s.crc,
		RSSI: m.RSSI.value(codes[headRSSI], random.Float64(), past.levelRSSI), SNR: m.SNR.value(codes[headSNR], random.Float64(), past.levelSNR)}
	switch {
	case m.Devices != nil: // joined gives devices and counters
	case past.packets == 0:
		r.Counter = m.Counter.first(random)
	default:
		r.Counter = m.Counter.next(past.counter, int(codes[headStep]), random)
	}
	p.Radio = r
	p.Length += s.slack
	p.Captured = p.Length
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}

// settings are those of a class; below 0 those of the uplink before, for the first
// uplink the most frequent of the spreading factor next to the device's mean.
func (m *radioModel) settings(class int, past *radioPast) settings {
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

// alike is the most frequent setting with an address, or without.
func (m *radioModel) alike(joins bool) settings {
	for _, key := range m.Settings.Values {
		if s := splitSettings(key); s.joins() == joins {
			return s
		}
	}
	return splitSettings(m.Settings.Values[0])
}

// gateway draws an identifier with the training's shares, from the EUI-64 that
// are set apart for documentation (RFC 9542, 2.2.1): 00-00-5E-EF-10-00-00-xx.
func (m *radioModel) gateway(random *rand.Rand) uint64 {
	return documentationEUI + uint64(drawClass(random, m.Gateways)&0xff)
}

const documentationEUI = 0x00005EEF10000000

// address is the device address of flow id: of the NetIDs 0 and 1, which are for
// experiments (LoRaWAN backend interfaces 1.0, 6.1.1), another for each of the
// first 2^25 flows.
func address(id int64) uint32 {
	return uint32((uint64(id)*0x9E3779B1+1)%(1<<25-1)) + 1
}

// radioPast is what is kept of a device's uplinks so far.
type radioPast struct {
	packets           int
	key               int64   // settings of the last
	rssi, snr         float32 // of the last
	meanRSSI, meanSNR float32
	factor            uint8
	joins             bool
	counter, step     uint32
	address           uint32
	gateway           uint64

	levelRSSI, levelSNR standing // where the device stands
	meanFactor          float64  // of its spreading factors
}

// add takes in an uplink; other packets are no matter.
func (h *radioPast) add(r *flow.Radio) {
	if r == nil {
		return
	}
	h.packets++
	h.rssi, h.snr, h.factor = r.RSSI, r.SNR, r.SpreadingFactor
	h.meanRSSI += (r.RSSI - h.meanRSSI) / float32(h.packets)
	h.meanSNR += (r.SNR - h.meanSNR) / float32(h.packets)
	h.step = (r.Counter - h.counter) & counterMask
	h.counter = r.Counter
}

const radioPastWidth = 6

func (m *radioModel) pastWidth() int {
	if m == nil {
		return 0
	}
	return radioPastWidth
}

// appendPast adds what the network is told of the uplinks before to dst, as
// numbers of about unit size.
func (m *radioModel) appendPast(dst []float32, h *radioPast) []float32 {
	switch {
	case m == nil:
		return dst
	case h.packets == 0:
		return append(dst, 0, 0, 0, 0, 0, 0)
	}
	step := float32(0)
	if m.Devices == nil && h.packets > 1 {
		step = float32(math.Log1p(float64(h.step)) / 5)
	}
	unit := func(of standing, v float32) float32 { return float32(max(-3, min(3, of.unit(float64(v))))) }
	return append(dst, unit(h.levelRSSI, h.rssi), unit(h.levelSNR, h.snr), unit(h.levelRSSI, h.meanRSSI), unit(h.levelSNR, h.meanSNR), (float32(h.factor)-9)/2, step)
}
