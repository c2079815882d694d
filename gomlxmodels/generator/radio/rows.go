package radio

import (
	"iter"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
)

// Rows yields the rows of feature.LoRaWAN of packets with Radio, in time order.
// They are those of lorawan.Extract, but from the packet's own lengths, so that
// packets out of a table, which have no frame, have the same. The size that a
// gateway's record states is left out: published logs have none.
func Rows(packets iter.Seq2[flow.Packet, error], compat feature.Compat) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		clocks := make(map[uint64]*feature.Clock)
		var row []float64
		for p, err := range packets {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			clock := clocks[p.Radio.Gateway]
			if clock == nil {
				clock = new(feature.Clock)
				clocks[p.Radio.Gateway] = clock
			}
			if row = appendUplink(row[:0], &p, clock, compat); !yield(row, nil) {
				return
			}
		}
	}
}

// appendUplink appends the packet's values in the order of feature.LoRaWAN.Columns.
func appendUplink(dst []float64, p *flow.Packet, clock *feature.Clock, compat feature.Compat) []float64 {
	r := p.Radio
	total, header, payload := int(p.Length), int(p.HeaderLength), int(p.PayloadLength)
	if compat.Base64Length {
		u := lorawan.UplinkOf(p)
		total, header, payload = lorawan.Lengths(&u, compat)
	}
	orMissing := func(v float64) float64 {
		if v == 0 {
			return lorawan.Missing
		}
		return v
	}
	d := clock.Next(p.Time, float64(total))
	return append(dst, float64(r.Port), float64(r.MType), orMissing(float64(r.CodeRate)), lorawan.Missing, orMissing(float64(r.Bandwidth)),
		orMissing(float64(r.SpreadingFactor)), float64(r.Frequency), float64(r.CRC), float64(total), d.TimeDiff, float64(r.SNR), float64(r.RSSI),
		d.Rate, d.ByteSecond, d.ByteMinute, d.PacketSecond, d.PacketMinute, float64(header), float64(payload), float64(r.Counter&counterMask))
}
