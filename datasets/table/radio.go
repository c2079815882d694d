package table

import (
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// radioColumns are the columns of a LoRaWAN uplink's radio metadata, named as in
// the published gateway logs. A packet that is read has radio metadata where a
// gateway or a device is named, or a number is not zero.
var radioColumns = []rowColumn[flow.Packet]{
	{"gateway", kindText, setText(parseHex(64), func(p *flow.Packet, v optionalHex) {
		if v.ok {
			radioOf(p).Gateway = v.value
		}
	}), nil},
	{"device_address", kindText, setText(parseHex(32), func(p *flow.Packet, v optionalHex) {
		if v.ok {
			radioOf(p).Address = uint32(v.value)
		}
	}), nil},
	{"mtype", kindUint8, setRadio(func(r *flow.Radio, v uint8) { r.MType = v }), nil},
	{"fcnt", kindUint32, setRadio(func(r *flow.Radio, v uint32) { r.Counter = v }), nil},
	{"fport", kindInt32, setRadio(func(r *flow.Radio, v int16) { r.Port = v }), nil},
	{"crc_status", kindInt32, setRadio(func(r *flow.Radio, v int8) { r.CRC = v }), nil},
	{"frequency", kindUint32, setRadio(func(r *flow.Radio, v uint32) { r.Frequency = v }), nil},
	{"spreading_factor", kindUint8, setRadio(func(r *flow.Radio, v uint8) { r.SpreadingFactor = v }), nil},
	{"bandwidth", kindUint16, setRadio(func(r *flow.Radio, v uint16) { r.Bandwidth = v }), nil},
	{"code_rate", kindUint8, setRadio(func(r *flow.Radio, v uint8) { r.CodeRate = v }), nil},
	{"rssi", kindFloat64, setRadioFloat(func(r *flow.Radio, v float32) { r.RSSI = v }), nil},
	{"snr", kindFloat64, setRadioFloat(func(r *flow.Radio, v float32) { r.SNR = v }), nil},
}

// radioOf is a packet's radio metadata, which it makes if there is none.
func radioOf(p *flow.Packet) *flow.Radio {
	if p.Radio == nil {
		p.Radio = new(flow.Radio)
	}
	return p.Radio
}

func setRadio[T integer](set func(*flow.Radio, T)) setter[flow.Packet] {
	return setNumber(func(p *flow.Packet, v T) {
		if v != 0 {
			set(radioOf(p), v)
		}
	})
}

func setRadioFloat(set func(*flow.Radio, float32)) setter[flow.Packet] {
	return setFloat(func(p *flow.Packet, v float64) {
		if v != 0 && !math.IsNaN(v) {
			set(radioOf(p), float32(v))
		}
	})
}

// radioBatch is the radio metadata of a batch's packets. Rows up to n are filled.
type radioBatch struct {
	n                   int
	gateway, device     coder[optionalHex]
	mtype, factor, rate [batchRows]uint8
	bandwidth           [batchRows]uint16
	counter, frequency  [batchRows]uint32
	port, crc           [batchRows]int32
	rssi, snr           [batchRows]float64
}

// add adds the metadata of row i. The rows before it that had none get empty cells.
func (b *radioBatch) add(i int, r *flow.Radio) {
	b.fill(i)
	b.set(uint(i)%batchRows, r, optionalHex{r.Gateway, true}, optionalHex{uint64(r.Address), true})
	b.rssi[uint(i)%batchRows], b.snr[uint(i)%batchRows] = float64(r.RSSI), float64(r.SNR)
	b.n = i + 1
}

// fill adds empty cells until there are n rows.
func (b *radioBatch) fill(n int) {
	for ; b.n < n; b.n++ {
		i := uint(b.n) % batchRows
		b.set(i, new(flow.Radio), optionalHex{}, optionalHex{})
		b.rssi[i], b.snr[i] = math.NaN(), math.NaN()
	}
}

func (b *radioBatch) set(i uint, r *flow.Radio, gateway, device optionalHex) {
	b.gateway.add(i, gateway, uint8(r.Gateway), textGateway)
	b.device.add(i, device, uint8(r.Address)^uint8(r.Address>>8), textDevice)
	b.mtype[i], b.factor[i], b.rate[i], b.bandwidth[i] = r.MType, r.SpreadingFactor, r.CodeRate, r.Bandwidth
	b.counter[i], b.frequency[i], b.port[i], b.crc[i] = r.Counter, r.Frequency, int32(r.Port), int32(r.CRC)
}

// values are the columns of n rows in the order of radioColumns. A nil batch has
// empty cells.
func (b *radioBatch) values(n int) []any {
	if b == nil || b.n == 0 {
		none := make([]any, len(radioColumns))
		for i, c := range radioColumns {
			none[i] = nullColumn{c.kind, n}
		}
		return none
	}
	b.fill(n)
	return []any{b.gateway.dictionary(n), b.device.dictionary(n), b.mtype[:n], b.counter[:n], b.port[:n], b.crc[:n], b.frequency[:n],
		b.factor[:n], b.bandwidth[:n], b.rate[:n], b.rssi[:n], b.snr[:n]}
}

func (b *radioBatch) reset() {
	if b != nil {
		b.n = 0
		b.gateway.reset()
		b.device.reset()
	}
}
