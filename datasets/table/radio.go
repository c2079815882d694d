package table

import (
	"fmt"
	"math"
	"strconv"

	"github.com/necstgen/necstgen/datasets/flow"
)

// radioFields are the columns of a LoRaWAN uplink's radio metadata, named as in
// the published gateway logs.
var radioFields = []field{
	{"gateway", kindText}, {"device_address", kindText}, {"mtype", kindUint8}, {"fcnt", kindUint32}, {"fport", kindInt32},
	{"crc_status", kindInt32}, {"frequency", kindUint32}, {"spreading_factor", kindUint8}, {"bandwidth", kindUint16}, {"code_rate", kindUint8},
	{"rssi", kindFloat64}, {"snr", kindFloat64},
}

// noted is a number that is written in hexadecimal digits, or none.
type noted struct {
	value uint64
	ok    bool
}

// radioBatch is the radio metadata of a batch's packets. Rows up to n are filled.
type radioBatch struct {
	n                   int
	gateway, device     coder[noted]
	mtype, factor, rate [BatchRows]uint8
	bandwidth           [BatchRows]uint16
	counter, frequency  [BatchRows]uint32
	port, crc           [BatchRows]int32
	rssi, snr           [BatchRows]float64
}

// add notes the metadata of row i; the rows before it that were not noted have none.
func (b *radioBatch) add(i int, r *flow.Radio) {
	b.fill(i)
	b.set(uint(i)%BatchRows, r, noted{r.Gateway, true}, noted{uint64(r.Address), true})
	b.rssi[uint(i)%BatchRows], b.snr[uint(i)%BatchRows] = float64(r.RSSI), float64(r.SNR)
	b.n = i + 1
}

// fill gives the rows before n that were not noted no metadata.
func (b *radioBatch) fill(n int) {
	for ; b.n < n; b.n++ {
		i := uint(b.n) % BatchRows
		b.set(i, new(flow.Radio), noted{}, noted{})
		b.rssi[i], b.snr[i] = math.NaN(), math.NaN()
	}
}

func (b *radioBatch) set(i uint, r *flow.Radio, gateway, device noted) {
	b.gateway.add(i, gateway, uint8(r.Gateway), textGateway)
	b.device.add(i, device, uint8(r.Address)^uint8(r.Address>>8), textDevice)
	b.mtype[i], b.factor[i], b.rate[i], b.bandwidth[i] = r.MType, r.SpreadingFactor, r.CodeRate, r.Bandwidth
	b.counter[i], b.frequency[i], b.port[i], b.crc[i] = r.Counter, r.Frequency, int32(r.Port), int32(r.CRC)
}

// values are the columns in the order of radioFields, of n rows. A nil batch has none.
func (b *radioBatch) values(n int) []any {
	if b == nil || b.n == 0 {
		none := make([]any, len(radioFields))
		for i, f := range radioFields {
			none[i] = absent{f.kind, n}
		}
		return none
	}
	b.fill(n)
	return []any{b.gateway.words(n), b.device.words(n), b.mtype[:n], b.counter[:n], b.port[:n], b.crc[:n], b.frequency[:n],
		b.factor[:n], b.bandwidth[:n], b.rate[:n], b.rssi[:n], b.snr[:n]}
}

func (b *radioBatch) reset() {
	if b != nil {
		b.n = 0
		b.gateway.reset()
		b.device.reset()
	}
}

func textGateway(v noted) string {
	if !v.ok {
		return ""
	}
	return fmt.Sprintf("%016x", v.value)
}

func textDevice(v noted) string {
	if !v.ok {
		return ""
	}
	return fmt.Sprintf("%08x", v.value)
}

// absent are n rows without a value: zero, an empty text, or not a number.
type absent struct {
	kind kind
	n    int
}

// values are the same rows as other columns have them.
func (a absent) values() any {
	switch a.kind {
	case kindInt32:
		return make([]int32, a.n)
	case kindUint32:
		return make([]uint32, a.n)
	case kindUint16:
		return make([]uint16, a.n)
	case kindUint8:
		return make([]uint8, a.n)
	case kindFloat64:
		out := make([]float64, a.n)
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	return words{make([]uint32, a.n), []string{""}}
}

// addRadioSetters adds the setters of radioFields. A packet has radio metadata
// where a gateway or a device is named, or a number is not zero.
func addRadioSetters(m map[string]setter[flow.Packet]) {
	m["gateway"] = text(parseNoted(64), func(p *flow.Packet, v noted) {
		if v.ok {
			radioOf(p).Gateway = v.value
		}
	})
	m["device_address"] = text(parseNoted(32), func(p *flow.Packet, v noted) {
		if v.ok {
			radioOf(p).Address = uint32(v.value)
		}
	})
	m["mtype"] = radioNumber(func(r *flow.Radio, v uint8) { r.MType = v })
	m["fcnt"] = radioNumber(func(r *flow.Radio, v uint32) { r.Counter = v })
	m["fport"] = radioNumber(func(r *flow.Radio, v int16) { r.Port = v })
	m["crc_status"] = radioNumber(func(r *flow.Radio, v int8) { r.CRC = v })
	m["frequency"] = radioNumber(func(r *flow.Radio, v uint32) { r.Frequency = v })
	m["spreading_factor"] = radioNumber(func(r *flow.Radio, v uint8) { r.SpreadingFactor = v })
	m["bandwidth"] = radioNumber(func(r *flow.Radio, v uint16) { r.Bandwidth = v })
	m["code_rate"] = radioNumber(func(r *flow.Radio, v uint8) { r.CodeRate = v })
	m["rssi"] = radioFloat(func(r *flow.Radio, v float32) { r.RSSI = v })
	m["snr"] = radioFloat(func(r *flow.Radio, v float32) { r.SNR = v })
}

func radioOf(p *flow.Packet) *flow.Radio {
	if p.Radio == nil {
		p.Radio = new(flow.Radio)
	}
	return p.Radio
}

func radioNumber[T integer](set func(*flow.Radio, T)) setter[flow.Packet] {
	return number(func(p *flow.Packet, v T) {
		if v != 0 {
			set(radioOf(p), v)
		}
	})
}

func radioFloat(set func(*flow.Radio, float32)) setter[flow.Packet] {
	return float(func(p *flow.Packet, v float64) {
		if v != 0 && !math.IsNaN(v) {
			set(radioOf(p), float32(v))
		}
	})
}

func parseNoted(bits int) func(string) (noted, error) {
	return func(text string) (noted, error) {
		if text == "" {
			return noted{}, nil
		}
		v, err := strconv.ParseUint(text, 16, bits)
		if err != nil {
			return noted{}, fmt.Errorf("%q is no number of %d bits in hexadecimal digits", text, bits)
		}
		return noted{v, true}, nil
	}
}
