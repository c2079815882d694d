package sampled

import (
	"fmt"
	"math"
	"time"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// vocabulary turns a flow's packets into classes that the heads draw, and back.
type vocabulary struct {
	Class      *feature.Vocabulary `json:"class"`      // direction, flags and end of flow, as classKey
	Header     *feature.Vocabulary `json:"header"`     // header bytes
	Payload    *feature.Quantizer  `json:"payload"`    // payload bytes
	Gap        *feature.Quantizer  `json:"gap"`        // log10 seconds before the packet, first packets left out
	Turn       *turnGaps           `json:"turn"`       // gaps that are like their flow's first, behind the classes of Gap
	Resolution int64               `json:"resolution"` // nanoseconds of which all training times are multiples
}

// The heads in the order in which they are drawn.
const (
	headLabel = iota
	headClass
	headHeader
	headPayload
	headGap
	headFraction
	headCount
)

// complete reports whether nothing is missing, as in a file of another version.
func (v *vocabulary) complete() bool {
	return v != nil && v.Class != nil && v.Header != nil && v.Payload != nil && v.Gap != nil && v.Turn != nil && v.Resolution > 0
}

// classKey joins what one head draws: direction, TCP flags, whether the flow
// ends, and the IP protocol (an application may have flows of several: DNS).
func classKey(p *flow.Packet, end bool) int64 {
	key := int64(p.Direction) | int64(p.Flags)<<1 | int64(p.Tuple.Proto)<<10
	if end {
		key |= 1 << 9
	}
	return key
}

// splitClass undoes classKey.
func splitClass(key int64) (p flow.Packet, end bool) {
	p.Direction, p.Flags, p.Tuple.Proto = flow.Direction(key&1), flow.TCPFlags(key>>1), uint8(key>>10)
	return p, key>>9&1 == 1
}

// Proportions of all packets from which on a value is a class of its own: payload
// lengths are whole numbers of which protocols repeat many; equal gaps are rare
// and mean something (a clock tick).
const (
	exactPayload = 0.002
	exactGap     = 0.01
)

// gapFractions is how many parts a gap's bin has: its second digit. Bins are few and have
// many parts, because many bins cut what a protocol repeats into classes of which each has
// too few packets to be learnt: of NeCSTGen's SNMP, polled every two seconds, an AUC of
// 0.81 told windows from real ones with 96 bins, and 0.66 with 32.
const gapFractions = 16

// rareValue is lstm.SampledConfig.Rare of lengths and gaps: without it, some 5 % of the
// gaps of NeCSTGen's HTTP lay outside what ever comes between two such packets, and an AUC
// of 0.73 told windows of its UDP Google Home from real ones, not 0.67. A class may end
// its flow, which is rare in each packet of a long one: all classes are drawn.
const rareValue = 0.03

// fitVocabulary learns which values there are, and bins for those that do not recur.
func fitVocabulary(flows []*flow.Flow, gapBins, lengthBins int) (*vocabulary, error) {
	var classes, headers []int64
	var payloads, gaps []float64
	v := &vocabulary{Resolution: timeline.Resolution(flows)}
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			classes = append(classes, classKey(p, i == len(f.Packets)-1))
			headers = append(headers, int64(p.HeaderLength))
			payloads = append(payloads, float64(p.PayloadLength))
			if i > 0 {
				gaps = append(gaps, timeline.LogGap(timeline.GapBefore(f, i)))
			}
		}
	}
	v.Class, v.Header = feature.FitVocabulary(classes), feature.FitVocabulary(headers)
	var err error
	if v.Payload, err = feature.FitQuantizer(payloads, lengthBins, 1, exactPayload); err != nil {
		return nil, fmt.Errorf("generator: payload length: %w", err)
	}
	if len(gaps) == 0 {
		gaps = []float64{math.Log10(timeline.ShortestGap)}
	}
	if v.Gap, err = feature.FitQuantizer(gaps, gapBins, gapFractions, exactGap); err != nil {
		return nil, fmt.Errorf("generator: gap: %w", err)
	}
	v.Turn, err = fitTurnGaps(flows)
	return v, err
}

// gapClasses returns how many classes the gap head has: those of gaps, then those of ratios
// to a flow's first gap.
func (v *vocabulary) gapClasses() int { return v.Gap.Len() + v.Turn.classes() }

// encode fills codes [headCount] for packet i of a flow, apart from the label, which
// the caller knows. t are the turns of the flow before it. The gap of a first packet is
// class 0; it is not drawn.
func (v *vocabulary) encode(codes []int32, f *flow.Flow, i, last int, t *timeline.Turns) {
	p := &f.Packets[i]
	class, _ := v.Class.Code(classKey(p, i == last))
	header, _ := v.Header.Code(int64(p.HeaderLength))
	payload, _ := v.Payload.Code(float64(p.PayloadLength))
	var gap, fraction int
	if i > 0 {
		log := timeline.LogGap(timeline.GapBefore(f, i))
		var ratio bool
		if gap, fraction, ratio = v.Turn.code(t, p.Direction, log); ratio {
			gap += v.Gap.Len()
		} else {
			gap, fraction = v.Gap.Code(log)
		}
	}
	codes[headClass], codes[headHeader], codes[headPayload] = int32(class), int32(header), int32(payload)
	codes[headGap], codes[headFraction] = int32(gap), int32(fraction)
}

// decoder turns classes back into packets, with tables of what they stand for.
type decoder struct {
	v       *vocabulary
	classes []flow.Packet // direction, flags and protocol
	ends    []bool
}

// newDecoder makes the tables of a vocabulary.
func newDecoder(v *vocabulary) *decoder {
	d := &decoder{v: v}
	for _, key := range v.Class.Values {
		p, end := splitClass(key)
		d.classes, d.ends = append(d.classes, p), append(d.ends, end)
	}
	return d
}

// decode makes p the packet that classes name, apart from its time and uplink, and
// gives the gap before it. t are the turns of the flow before it; u and w in [0, 1) choose
// inside the payload's bin and the gap's fraction.
func (d *decoder) decode(p *flow.Packet, codes []int32, t *timeline.Turns, u, w float64) (gap time.Duration, end bool) {
	v := d.v
	class := &d.classes[codes[headClass]]
	p.Direction, p.Flags, p.Tuple.Proto = class.Direction, class.Flags, class.Tuple.Proto
	p.HeaderLength = int32(v.Header.Values[codes[headHeader]])
	p.PayloadLength = int32(math.Round(v.Payload.Value(int(codes[headPayload]), 0, u)))
	p.Length = p.HeaderLength + p.PayloadLength
	p.Captured = p.Length
	var log float64
	if code, fraction := int(codes[headGap]), int(codes[headFraction]); code < v.Gap.Len() {
		log = v.Gap.Value(code, fraction, w)
	} else {
		log = v.Turn.value(t, p.Direction, code-v.Gap.Len(), fraction, w)
	}
	seconds := math.Exp(log * math.Ln10)
	if seconds > 2*timeline.ShortestGap {
		gap = time.Duration(math.Round(seconds*1e9/float64(v.Resolution))) * time.Duration(v.Resolution)
	}
	return gap, d.ends[codes[headClass]]
}
