package lorawan

import (
	"encoding/base64"
	"iter"

	"github.com/necstgen/necstgen/datasets/feature"
)

// Lengths returns a frame's length, that of its header with MAC commands, and that
// of its payload without the integrity code, in bytes.
//
// Compat.Base64Length has the published figures instead (D05): the payload is
// the number of characters of the frame in base64 (3 where there is no frame),
// the header 9, and the total 16 more than the payload. The total is so in all
// published rows, though the original's text says 9.
func Lengths(u *Uplink, compat feature.Compat) (total, header, payload int) {
	if compat.Base64Length {
		payload = base64.StdEncoding.EncodedLen(len(u.Physical))
		if len(u.Physical) == 0 {
			payload = len("nan")
		}
		return payload + 16, headerLength, payload
	}
	total = len(u.Physical)
	if f, err := ParseFrame(u.Physical); err == nil {
		header = headerLength + f.Options
		if f.Port == MissingPort {
			header--
		}
		return total, header, len(f.Payload)
	}
	header = min(headerLength, total)
	return total, header, max(0, total-header-micLength)
}

// extractor computes the rows of the variant feature.LoRaWAN from uplinks in
// time order. The time features run per gateway.
type extractor struct {
	compat feature.Compat
	clocks feature.Clocks // by gateway
}

// newExtractor makes an extractor.
func newExtractor(compat feature.Compat) *extractor {
	return &extractor{compat: compat}
}

func (x *extractor) dynamics(u *Uplink, length int) feature.Dynamics {
	return x.clocks.Of(u.Gateway).Next(u.Time, float64(length))
}

// append appends the uplink's values to dst, in the order of
// feature.LoRaWAN.Columns.
func (x *extractor) append(dst []float64, u *Uplink) []float64 {
	total, header, payload := Lengths(u, x.compat)
	d := x.dynamics(u, total)
	return append(dst, float64(u.Port), float64(u.MType), float64(u.CodeRate), float64(u.Size), float64(u.Bandwidth),
		float64(u.SpreadingFactor), float64(u.Frequency), float64(u.CRC), float64(total), d.TimeDiff, u.SNR, u.RSSI,
		d.Rate, d.ByteSecond, d.ByteMinute, d.PacketSecond, d.PacketMinute, float64(header), float64(payload), float64(u.Counter))
}

// Extract returns the rows of a stream of uplinks. An error passes through in its
// place. The slice of a row is valid until the next.
func Extract(uplinks iter.Seq2[Uplink, error], compat feature.Compat) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		x := newExtractor(compat)
		var row []float64
		for u, err := range uplinks {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if row = x.append(row[:0], &u); !yield(row, nil) {
				return
			}
		}
	}
}
