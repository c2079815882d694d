package generator

import (
	"fmt"
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// vocabulary turns a flow's packets into classes that the heads draw, and back.
type vocabulary struct {
	Class      *feature.Vocabulary `json:"class"`      // direction, flags and end of flow, as classKey
	Header     *feature.Vocabulary `json:"header"`     // header bytes
	Payload    *feature.Quantizer  `json:"payload"`    // payload bytes
	Gap        *feature.Quantizer  `json:"gap"`        // log10 seconds before the packet, first packets left out
	Resolution int64               `json:"resolution"` // nanoseconds of which all training times are multiples
}

// The heads in the order in which they are drawn.
const (
	headLabel = iota
	headClass
	headHeader
	headPayload
	headGap
	headShare
	headCount
)

// shortestGap stands for a gap of zero, in seconds: below the resolution of any capture.
const shortestGap = 1e-9

// logGap is log10 of a gap in seconds.
func logGap(gap time.Duration) float64 { return math.Log10(max(shortestGap, gap.Seconds())) }

// classKey joins what one head draws: direction, TCP flags, whether the flow
// ends, and the IP protocol (an application may have flows of several: DNS).
func classKey(p *flow.Packet, end bool) int64 {
	key := int64(p.Direction) | int64(p.Flags)<<1 | int64(p.Tuple.Proto)<<10
	if end {
		key |= 1 << 9
	}
	return key
}

func splitClass(key int64) (p flow.Packet, end bool) {
	p.Direction, p.Flags, p.Tuple.Proto = flow.Direction(key&1), flow.TCPFlags(key>>1), uint8(key>>10)
	return p, key>>9&1 == 1
}

// Shares of all packets from which on a value is a class of its own: payload
// lengths are whole numbers of which protocols repeat many; equal gaps are rare
// and mean something (a clock tick).
const (
	exactPayloadShare = 0.002
	exactGapShare     = 0.01
	gapShares         = 16 // second digits of a gap
)

func fitVocabulary(flows []*flow.Flow, gapBins, lengthBins int) (*vocabulary, error) {
	var classes, headers []int64
	var payloads, gaps []float64
	v := &vocabulary{Resolution: resolution(flows)}
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			classes = append(classes, classKey(p, i == len(f.Packets)-1))
			headers = append(headers, int64(p.HeaderLength))
			payloads = append(payloads, float64(p.PayloadLength))
			if i > 0 {
				gaps = append(gaps, logGap(gapBefore(f, i)))
			}
		}
	}
	v.Class, v.Header = feature.FitVocabulary(classes), feature.FitVocabulary(headers)
	var err error
	if v.Payload, err = feature.FitQuantizer(payloads, lengthBins, 1, exactPayloadShare); err != nil {
		return nil, fmt.Errorf("generator: payload length: %w", err)
	}
	if len(gaps) == 0 {
		gaps = []float64{math.Log10(shortestGap)}
	}
	if v.Gap, err = feature.FitQuantizer(gaps, gapBins, gapShares, exactGapShare); err != nil {
		return nil, fmt.Errorf("generator: gap: %w", err)
	}
	return v, nil
}

// resolution is the coarsest of 1 ms, 1 us and 1 ns that all times are multiples of.
func resolution(flows []*flow.Flow) int64 {
	for _, unit := range []int64{1e6, 1e3} {
		whole := true
		for _, f := range flows {
			for i := range f.Packets {
				whole = whole && f.Packets[i].Time%unit == 0
			}
		}
		if whole {
			return unit
		}
	}
	return 1
}

// encode appends nothing: it fills codes [headCount] for packet i of a flow. The
// label is the caller's. The gap of a first packet is class 0; it is not drawn.
func (v *vocabulary) encode(codes []int32, f *flow.Flow, i, last int) {
	p := &f.Packets[i]
	class, _ := v.Class.Code(classKey(p, i == last))
	header, _ := v.Header.Code(int64(p.HeaderLength))
	payload, _ := v.Payload.Code(float64(p.PayloadLength))
	var gap, share int
	if i > 0 {
		gap, share = v.Gap.Code(logGap(gapBefore(f, i)))
	}
	codes[headClass], codes[headHeader], codes[headPayload] = int32(class), int32(header), int32(payload)
	codes[headGap], codes[headShare] = int32(gap), int32(share)
}

// decoder turns classes back into packets, with tables of what they stand for.
type decoder struct {
	v       *vocabulary
	classes []flow.Packet // direction, flags and protocol
	ends    []bool
}

func newDecoder(v *vocabulary) *decoder {
	d := &decoder{v: v}
	for _, key := range v.Class.Values {
		p, end := splitClass(key)
		d.classes, d.ends = append(d.classes, p), append(d.ends, end)
	}
	return d
}

// decode makes p the packet that classes name, apart from its time and uplink, and
// gives the gap before it. u and w in [0, 1) choose inside the payload's bin and
// the gap's share.
func (d *decoder) decode(p *flow.Packet, codes []int32, u, w float64) (gap time.Duration, end bool) {
	v := d.v
	class := &d.classes[codes[headClass]]
	p.Direction, p.Flags, p.Tuple.Proto = class.Direction, class.Flags, class.Tuple.Proto
	p.HeaderLength = int32(v.Header.Values[codes[headHeader]])
	p.PayloadLength = int32(math.Round(v.Payload.Value(int(codes[headPayload]), 0, u)))
	p.Length = p.HeaderLength + p.PayloadLength
	p.Captured = p.Length
	seconds := math.Exp(v.Gap.Value(int(codes[headGap]), int(codes[headShare]), w) * math.Ln10)
	if seconds > 2*shortestGap {
		gap = time.Duration(math.Round(seconds*1e9/float64(v.Resolution))) * time.Duration(v.Resolution)
	}
	return gap, d.ends[codes[headClass]]
}

// gapBefore is the time between packet i and the one before it; 0 for the first.
func gapBefore(f *flow.Flow, i int) time.Duration {
	if i == 0 {
		return 0
	}
	return time.Duration(max(0, f.Packets[i].Time-f.Packets[i-1].Time))
}
