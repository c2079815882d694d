package necstgencsv

import (
	"iter"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// generatedUplinks reads generated uplinks of that FPort, one timeline. Nothing says
// which device sent them: they are data frames of one, counted up.
func generatedUplinks(n *numbers, suffix columnSuffix, port int16) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		columns := make([]string, 0, len(uplinkColumns))
		for _, c := range uplinkColumns {
			columns = append(columns, c.name+string(suffix))
		}
		if err := n.require(columns...); err != nil {
			yield(flow.Packet{}, err)
			return
		}
		characters, err := inBase64(n)
		if err != nil {
			yield(flow.Packet{}, err)
			return
		}
		var number, at int64
		for row, err := range n.rows {
			p := flow.Packet{Number: number, Application: flow.LoRaWAN}
			if err == nil {
				p.Radio = &flow.Radio{Address: 1, Counter: uint32(number & math.MaxUint16), Port: port, MType: 2}
				if err = readUplink(n, row, columns, characters, &p); err == nil {
					p.Time, err = after(at, p.Time, number > 0)
				}
				if err == nil {
					at = p.Time
				} else {
					err = n.wrong(number, err)
				}
			}
			number++
			if !yield(p, err) || err != nil && !isRow(err) {
				return
			}
		}
	}
}

// readUplink reads a row; the packet's Time is the gap before it.
func readUplink(n *numbers, row []float64, columns []string, characters bool, p *flow.Packet) error {
	for i, c := range uplinkColumns {
		v, err := n.within(row, columns[i], c.least, c.most)
		if err != nil {
			return err
		}
		if characters && c.name == "length_total" {
			v = decodedLength(v)
		}
		c.set(p, p.Radio, v)
	}
	return nil
}

// uplinkColumn is a column of generated uplinks without its ending, the values that
// are believed, and where they go. The time of a packet is its gap here.
type uplinkColumn struct {
	name        string
	least, most float64
	set         func(p *flow.Packet, r *flow.Radio, v float64)
}

var uplinkColumns = []uplinkColumn{
	{"time_diff", 0, mostGap, func(p *flow.Packet, _ *flow.Radio, v float64) { p.Time = int64(math.Round(v * 1e9)) }},
	{"length_total", 0, math.MaxUint16, func(p *flow.Packet, _ *flow.Radio, v float64) {
		p.Length = int32(math.Round(v))
		p.Captured = p.Length
	}},
	{"header_length", 0, math.MaxUint16, func(p *flow.Packet, _ *flow.Radio, v float64) {
		p.HeaderLength = min(p.Length, int32(math.Round(v)))
		p.PayloadLength = max(0, p.Length-p.HeaderLength-frameCheck)
	}},
	{"bandwidth", 0, 1000, func(_ *flow.Packet, r *flow.Radio, v float64) { r.Bandwidth = uint16(math.Round(v)) }},
	{"spreading_factor", 0, 12.49, func(_ *flow.Packet, r *flow.Radio, v float64) { r.SpreadingFactor = uint8(math.Round(v)) }},
	{"code_rate", -1, 8.49, func(_ *flow.Packet, r *flow.Radio, v float64) { r.CodeRate = uint8(max(0, math.Round(v))) }},
	{"frequency", 0, math.MaxUint32, func(_ *flow.Packet, r *flow.Radio, v float64) { r.Frequency = uint32(math.Round(v)) }},
	{"crc_status", -1, 1, func(_ *flow.Packet, r *flow.Radio, v float64) { r.CRC = int8(math.Round(v)) }},
	{"snr", -1000, 1000, func(_ *flow.Packet, r *flow.Radio, v float64) { r.SNR = float32(v) }},
	{"rssi", -1000, 1000, func(_ *flow.Packet, r *flow.Radio, v float64) { r.RSSI = float32(v) }},
}

// Lengths in tables of uplinks: the authors' total is that of the frame in base64 and
// 16 bytes more (D05), and a frame ends in a message integrity code of 4 bytes.
const (
	base64Extra = 16
	frameCheck  = 4
)

// inBase64 reports whether the lengths of uplinks count characters of base64, as in the
// authors' files: the decoded total is then some 16 more than the decoded payload, and
// otherwise the 13 bytes of header and integrity code.
func inBase64(n *numbers) (bool, error) {
	var sum, count float64
	for row, err := range n.rows {
		if err != nil {
			if isRow(err) {
				continue
			}
			return false, err
		}
		if more := n.at(row, "length_total_vae") - n.at(row, "payload_length_vae"); !math.IsNaN(more) {
			sum += more
			count++
		}
	}
	return sum > (base64Extra-1.5)*count, nil
}

// decodedLength returns about how many bytes a frame has whose total counts characters
// of base64: three for four, of which one in the mean is padding.
func decodedLength(total float64) float64 { return max(0, (total-base64Extra)*3/4-1) }
