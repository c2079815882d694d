package feature

import (
	"fmt"
	"iter"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// longestFrame is the longest Ethernet frame without tags and check sequence:
// count_pkt is how many of them a merged capture record stands for.
const longestFrame = 1514

// Extractor computes the row of each packet of a stream in time order. The
// packets are those of one application, because the time features look at the packet
// before, of any flow (algorithm.md section 3); they start anew in each Capture.
type Extractor struct {
	variant Variant
	compat  Compat
	clocks  Clocks // by capture
}

// NewExtractor makes an extractor of a variant of packets. LoRaWAN rows come
// from package lorawan.
func NewExtractor(variant Variant, compat Compat) (*Extractor, error) {
	if variant == LoRaWAN || !slices.Contains(variants, variant) {
		return nil, fmt.Errorf("feature: no packet features of variant %q: want %s, %s or %s", variant, General, TCPGoogleHome, UDPGoogleHome)
	}
	return &Extractor{variant: variant, compat: compat}, nil
}

// Append appends the packet's values, in the order of Variant.Columns, to dst.
func (x *Extractor) Append(dst []float64, p *flow.Packet) []float64 {
	for i := 2; i < 5; i++ {
		dst = append(dst, float64(p.Layers[i].Name))
	}
	sixth := p.Layers[5].Name
	if x.compat.LayerPayload && x.variant == General {
		sixth = flow.NoLayer
	}
	dst = append(dst, float64(sixth))
	switch x.variant {
	case General:
		dst = append(dst, float64(p.Flags), float64(p.Tuple.Src.Port()), float64(p.Tuple.Dst.Port()))
	case TCPGoogleHome:
		dst = append(dst, float64(FrameCount(p.Length)), float64(p.Flags))
	}
	d := x.clocks.Of(p.Capture).Next(p.Time, float64(p.Length))
	header, payload := p.HeaderLength, p.PayloadLength
	if x.compat.LayerPayload {
		header, payload = LayerLengths(p, x.variant)
	}
	return append(dst, float64(p.Length), d.TimeDiff, d.Rate, d.ByteSecond, d.ByteMinute, d.PacketSecond, d.PacketMinute,
		float64(header), float64(payload))
}

// Extract is the rows of a stream of packets of one application. An error passes
// through in its place. The slice of a row is valid until the next.
func Extract(packets iter.Seq2[flow.Packet, error], variant Variant, compat Compat) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		x, err := NewExtractor(variant, compat)
		if err != nil {
			yield(nil, err)
			return
		}
		var row []float64
		for p, err := range packets {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if row = x.Append(row[:0], &p); !yield(row, nil) {
				return
			}
		}
	}
}

// FrameCount is the number of Ethernet frames that a capture record of a length
// in bytes stands for, where the network card merged segments.
func FrameCount(length int32) int32 { return (length + longestFrame - 1) / longestFrame }

// LayerLengths are the header and payload lengths of the original (D09): everything
// before the last dissected layer, and that layer. In the files of Google Home the
// header is instead what stands before UDP, or before TCP and 20 bytes of it (54 in
// 9,984 of the 10,000 published rows), and the payload of TCP the layer behind it, or TCP
// itself where there is none.
func LayerLengths(p *flow.Packet, variant Variant) (header, payload int32) {
	switch variant {
	case UDPGoogleHome:
		return 34, p.Length - 34
	case TCPGoogleHome:
		if p.Layers[3].Name == flow.NoLayer {
			return 54, p.Layers[2].Length
		}
		return 54, p.Layers[3].Length
	}
	count := min(p.Layers.Count(), 5) // layers_5 is blanked
	if count == 0 {
		return p.Length, 0
	}
	return p.Length - p.Layers[count-1].Length, p.Layers[count-1].Length
}
