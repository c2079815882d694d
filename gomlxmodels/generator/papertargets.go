package generator

import (
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// paperTargets scale the outputs of Paper's network (algorithm.md sections 8 and 9.2).
type paperTargets struct {
	Heads              []paperHead    `json:"heads"`
	Features           []paperFeature `json:"features"`
	Resolution         int64          `json:"resolution"` // nanoseconds of which gaps are multiples
	LongestFlowPackets int            `json:"longest_flow_packets"`
}

// paperHead is a softmax output.
type paperHead struct {
	Name    string              `json:"name"`
	Classes *feature.Vocabulary `json:"classes"`
}

// paperFeature is a sigmoid output; 0 and 1 stand for the range of the training,
// of log10 seconds for the gap.
type paperFeature struct {
	Name  string     `json:"name"`
	Range [2]float64 `json:"range"`
}

// The outputs that packets without Radio have.
const (
	headFlags        = "flags"
	featureDirection = "direction"
)

// outputs are those of the network.
func (t *paperTargets) outputs() (heads []lstm.Head, features []string) {
	for _, h := range t.Heads {
		heads = append(heads, lstm.Head{Name: h.Name, Classes: h.Classes.Len()})
	}
	for _, f := range t.Features {
		features = append(features, f.Name)
	}
	return heads, features
}

// class is a packet's value of a head.
func class(head string, p *flow.Packet) int64 {
	switch head {
	case lstm.HeadBandwidth:
		return int64(p.Radio.Bandwidth)
	case lstm.HeadSpreadingFactor:
		return int64(p.Radio.SpreadingFactor)
	case lstm.HeadCodeRate:
		return int64(p.Radio.CodeRate)
	case lstm.HeadFrequency:
		return int64(p.Radio.Frequency)
	}
	return int64(p.Flags)
}

// number is a packet's value of a feature but the gap.
func number(feature string, p *flow.Packet) float64 {
	switch feature {
	case lstm.FeatureLengthTotal:
		return float64(p.Length)
	case lstm.FeatureHeaderLength:
		return float64(p.HeaderLength)
	case lstm.FeatureCRCStatus:
		return float64(p.Radio.CRC)
	case lstm.FeatureSNR:
		return float64(p.Radio.SNR)
	case lstm.FeatureRSSI:
		return float64(p.Radio.RSSI)
	}
	return float64(p.Direction)
}

// gapBefore is log10 of the gap before packet i of a flow, NaN where there is none:
// before a flow's first packet (D20). Without flows the gap before a segment's
// first packet is the one to the segment before.
func (g *Paper) gapBefore(flows []*flow.Flow, f, i int) float64 {
	switch {
	case i > 0:
		return logGap(gapBefore(flows[f], i))
	case g.NoFlow != nil && f > 0:
		return logGap(time.Duration(max(0, flows[f].Start()-end(flows[f-1]))))
	}
	return math.NaN()
}

// fitTargets learns classes and ranges.
func (g *Paper) fitTargets(flows []*flow.Flow) {
	t := &g.Targets
	t.Resolution = resolution(flows)
	heads, features := []string(nil), []string{featureDirection, lstm.FeatureLengthTotal, lstm.FeatureHeaderLength, lstm.FeatureTimeDiff}
	switch {
	case g.Radio != nil:
		named, radio := lstm.RadioOutputs(lstm.RadioClasses{})
		for _, h := range named {
			heads = append(heads, h.Name)
		}
		features = radio
	case g.connected():
		heads = []string{headFlags}
	}
	classes := make([][]int64, len(heads))
	for _, name := range features {
		t.Features = append(t.Features, paperFeature{name, [2]float64{math.Inf(1), math.Inf(-1)}})
	}
	for f := range flows {
		t.LongestFlowPackets = max(t.LongestFlowPackets, len(flows[f].Packets))
		for i := range flows[f].Packets {
			p := &flows[f].Packets[i]
			for k, name := range heads {
				classes[k] = append(classes[k], class(name, p))
			}
			for k := range t.Features {
				t.Features[k].include(g.feature(t.Features[k].Name, flows, f, i))
			}
		}
	}
	for k, name := range heads {
		t.Heads = append(t.Heads, paperHead{name, feature.FitVocabulary(classes[k])})
	}
	for k := range t.Features {
		if r := &t.Features[k].Range; r[1] < r[0] { // flows of one packet have no gap
			*r = [2]float64{math.Log10(shortestGap), math.Log10(shortestGap)}
		}
	}
}

// feature is the value of a feature of packet i of flow f, NaN for none.
func (g *Paper) feature(name string, flows []*flow.Flow, f, i int) float64 {
	if name == lstm.FeatureTimeDiff {
		return g.gapBefore(flows, f, i)
	}
	return number(name, &flows[f].Packets[i])
}

// include widens the range to a value; NaN is left out.
func (f *paperFeature) include(v float64) {
	if v < f.Range[0] {
		f.Range[0] = v
	}
	if v > f.Range[1] {
		f.Range[1] = v
	}
}

// unit takes a value to [0, 1]; NaN remains.
func (f *paperFeature) unit(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return v
	case f.Range[1] <= f.Range[0]:
		return 0
	}
	return (v - f.Range[0]) / (f.Range[1] - f.Range[0])
}

func (f *paperFeature) value(unit float64) float64 { return f.Range[0] + unit*(f.Range[1]-f.Range[0]) }

// targets are the network's targets [packets, classes of the heads + features].
func (g *Paper) targets(flows []*flow.Flow) *mat.Dense {
	t := &g.Targets
	width, packets := len(t.Features), 0
	for _, h := range t.Heads {
		width += h.Classes.Len()
	}
	for _, f := range flows {
		packets += len(f.Packets)
	}
	targets := mat.NewDense(packets, width, nil)
	at := 0
	for f := range flows {
		for i := range flows[f].Packets {
			row := targets.RawRowView(at)
			at++
			for _, h := range t.Heads {
				code, _ := h.Classes.Code(class(h.Name, &flows[f].Packets[i]))
				row[code] = 1
				row = row[h.Classes.Len():]
			}
			for k := range t.Features {
				row[k] = t.Features[k].unit(g.feature(t.Features[k].Name, flows, f, i))
			}
		}
	}
	return targets
}

// packet turns the network's outputs into a packet and the gap before it
// (algorithm.md 9.2): the likeliest classes, rounded lengths.
func (t *paperTargets) packet(y []float64, uplink bool) (p flow.Packet, gap time.Duration) {
	if uplink {
		p.Radio = new(flow.Radio)
	}
	for _, h := range t.Heads {
		best := 0
		for k, v := range y[:h.Classes.Len()] {
			if v > y[best] {
				best = k
			}
		}
		y = y[h.Classes.Len():]
		setClass(h.Name, &p, h.Classes.Values[best])
	}
	for k := range t.Features {
		f := &t.Features[k]
		v := f.value(y[k])
		if f.Name == lstm.FeatureTimeDiff {
			gap = time.Duration(math.Round(math.Pow(10, v)*1e9/float64(t.Resolution))) * time.Duration(t.Resolution)
		} else {
			setNumber(f.Name, &p, v)
		}
	}
	p.Length = max(p.HeaderLength, p.Length)
	p.Captured, p.PayloadLength = p.Length, p.Length-p.HeaderLength
	return p, gap
}

func setClass(head string, p *flow.Packet, v int64) {
	switch head {
	case lstm.HeadBandwidth:
		p.Radio.Bandwidth = uint16(v)
	case lstm.HeadSpreadingFactor:
		p.Radio.SpreadingFactor = uint8(v)
	case lstm.HeadCodeRate:
		p.Radio.CodeRate = uint8(v)
	case lstm.HeadFrequency:
		p.Radio.Frequency = uint32(v)
	default:
		p.Flags = flow.TCPFlags(v)
	}
}

func setNumber(feature string, p *flow.Packet, v float64) {
	switch feature {
	case lstm.FeatureLengthTotal:
		p.Length = int32(math.Round(v))
	case lstm.FeatureHeaderLength:
		p.HeaderLength = int32(math.Round(v))
	case lstm.FeatureCRCStatus:
		p.Radio.CRC = int8(math.Round(v))
	case lstm.FeatureSNR:
		p.Radio.SNR = float32(v)
	case lstm.FeatureRSSI:
		p.Radio.RSSI = float32(v)
	default:
		if v >= 0.5 {
			p.Direction = flow.Backward
		}
	}
}
