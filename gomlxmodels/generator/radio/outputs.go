package radio

import (
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// Class is an output of the paper's network that is one of several values.
type Class struct {
	Name string
	Get  func(*flow.Packet) int64
	Set  func(*flow.Packet, int64)
}

// Number is an output of the paper's network that is a number. The gap before a
// packet, which is no field of it, has neither Get nor Set; the direction, which is
// decided together with the classes, has no Set.
type Number struct {
	Name string
	Get  func(*flow.Packet) float64
	Set  func(*flow.Packet, float64)
}

// Outputs returns the four classes and six numbers of the paper's network for uplinks,
// in the order of its targets (algorithm.md section 8). Header and gap are of those
// for other packets.
func (m *Uplinks) Outputs(_ []Class, numbers []Number) ([]Class, []Number) {
	class := func(name string, get func(*flow.Radio) int64, set func(*flow.Radio, int64)) Class {
		return Class{name, func(p *flow.Packet) int64 { return get(p.Radio) }, func(p *flow.Packet, v int64) { set(uplink(p), v) }}
	}
	number := func(name string, get func(*flow.Radio) float64, set func(*flow.Radio, float64)) Number {
		return Number{name, func(p *flow.Packet) float64 { return get(p.Radio) }, func(p *flow.Packet, v float64) { set(uplink(p), v) }}
	}
	of := func(name string) Number {
		for _, n := range numbers {
			if n.Name == name {
				return n
			}
		}
		return Number{Name: name}
	}
	return []Class{
			class("bandwidth", func(r *flow.Radio) int64 { return int64(r.Bandwidth) }, func(r *flow.Radio, v int64) { r.Bandwidth = uint16(v) }),
			class("spreading_factor", func(r *flow.Radio) int64 { return int64(r.SpreadingFactor) }, func(r *flow.Radio, v int64) { r.SpreadingFactor = uint8(v) }),
			class("code_rate", func(r *flow.Radio) int64 { return int64(r.CodeRate) }, func(r *flow.Radio, v int64) { r.CodeRate = uint8(v) }),
			class("frequency", func(r *flow.Radio) int64 { return int64(r.Frequency) }, func(r *flow.Radio, v int64) { r.Frequency = uint32(v) }),
		}, []Number{
			number("crc_status", func(r *flow.Radio) float64 { return float64(r.CRC) }, func(r *flow.Radio, v float64) { r.CRC = int8(math.Round(v)) }),
			of("time_diff"),
			number("snr", func(r *flow.Radio) float64 { return float64(r.SNR) }, func(r *flow.Radio, v float64) { r.SNR = float32(v) }),
			number("rssi", func(r *flow.Radio) float64 { return float64(r.RSSI) }, func(r *flow.Radio, v float64) { r.RSSI = float32(v) }),
			{"length_total", func(p *flow.Packet) float64 { return float64(p.Length) }, func(p *flow.Packet, v float64) { p.Length = int32(v) }},
			of("header_length"),
		}
}

// uplink returns the radio fields of a packet, new ones where it has none yet.
func uplink(p *flow.Packet) *flow.Radio {
	if p.Radio == nil {
		p.Radio = new(flow.Radio)
	}
	return p.Radio
}

// macCode is the length of a LoRaWAN frame's integrity code in bytes.
const macCode = 4

// Complete completes the uplink that the paper's network has predicted: what its
// outputs have not, port and message type, is of the decoded features; the device
// is the flow's, or of a timeline is given later.
func (m *Uplinks) Complete(p *flow.Packet, feature func(name string) float64, past *Past, id int64, random *rand.Rand) {
	r := uplink(p)
	decoded := FromFeatures(feature)
	r.Port, r.MType, r.RSSI, r.SNR = decoded.Port, decoded.MType, nearest(m.RSSI.Known, float64(r.RSSI)), nearest(m.SNR.Known, float64(r.SNR))
	s := settings{mtype: r.MType}
	if past.packets == 0 {
		past.gateway, past.address, past.joins = m.gateway(random), address(id), s.joins()
	}
	if s.joins() != past.joins && m.Senders == nil { // one device's frames have all an address, or none
		s = m.alike(past.joins)
		r.Port, r.MType = s.port, s.mtype
	}
	r.Gateway, r.Address = past.gateway, past.address
	switch {
	case m.Senders != nil: // Assign gives devices and counters
	case past.joins:
		r.Address, r.Counter = 0, 0
	case past.packets == 0:
		r.Counter = m.Counter.first(random)
	default:
		r.Counter = m.Counter.next(past.counter, draw.Index(random, m.Counter.Weights), random)
	}
	past.Add(r)
	p.PayloadLength = max(0, p.Length-p.HeaderLength-macCode)
	p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
}

// FromFeatures returns what the features of an uplink say of it; feature returns one
// by name. Its gateway and its device are made up.
func FromFeatures(feature func(name string) float64) *flow.Radio {
	known := func(name string) float64 { return max(0, feature(name)) }
	r := &flow.Radio{Gateway: documentationEUI, Address: address(0), Counter: uint32(known("fcnt")) & counterMask,
		Port: int16(feature("fport")), MType: uint8(known("mtype")), Frequency: uint32(known("frequency")),
		SpreadingFactor: uint8(known("spreading_factor")), Bandwidth: uint16(known("bandwidth")), CodeRate: uint8(known("code_rate")),
		CRC: int8(feature("crc_status")), RSSI: float32(feature("rssi")), SNR: float32(feature("snr"))}
	if (settings{mtype: r.MType}).joins() {
		r.Address, r.Counter = 0, 0
	}
	return r
}
