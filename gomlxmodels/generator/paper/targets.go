package paper

import (
	"errors"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// scales are the scales of the network's outputs (algorithm.md sections 8 and 9.2),
// in the order of targets.
type scales struct {
	Classes    []classScale  `json:"classes"`
	Numbers    []numberScale `json:"numbers"`
	Resolution int64         `json:"resolution"` // nanoseconds of which gaps are multiples
	Ranks      rankTable     `json:"ranks"`      // takes the numbers back
}

// classScale is of a softmax output.
type classScale struct {
	Name   string              `json:"name"`
	Values *feature.Vocabulary `json:"values"`
}

// numberScale is of a sigmoid output; 0 and 1 stand for the range of the training,
// of log10 seconds for the gap. The range is for the training alone: a rankTable takes
// outputs back.
type numberScale struct {
	Name string `json:"name"`
	span [2]float64
}

// targets are the outputs of the network as fields of a packet.
type targets struct {
	classes []radio.Class
	numbers []radio.Number
}

// directed reports whether the first number is the direction, which uplinks do not have.
func (t *targets) directed() bool { return t.numbers[0].Name == directionName }

// headerNumber is the header length among the numbers of connections.
const headerNumber = 2

// The outputs that are decoded in a way of their own.
const (
	directionName = "direction" // decides, beside the classes, what values the others can have
	gapName       = "time_diff" // no field of a packet but the gap before it
)

// newTargets returns the outputs: flags of connections, direction, lengths and gap of
// all packets that are no uplinks. Once there are scales, they must be of these.
//
// The original predicts the length of the frame, padding included, and takes what the
// header leaves for payload, so that each padded bare ACK has six bytes to say (D09).
// Here it is header and payload, and the link pads what it pads (generator.Traffic).
func (f *facts) newTargets() (targets, error) {
	var classes []radio.Class
	if f.connected() {
		classes = append(classes, radio.Class{Name: "flags",
			Get: func(p *flow.Packet) int64 { return int64(p.Flags) }, Set: func(p *flow.Packet, v int64) { p.Flags = flow.TCPFlags(v) }})
	}
	numbers := []radio.Number{
		{Name: directionName, Get: func(p *flow.Packet) float64 { return float64(p.Direction) }},
		{Name: "payload_length", Get: func(p *flow.Packet) float64 { return float64(p.PayloadLength) },
			Set: func(p *flow.Packet, v float64) { p.PayloadLength = int32(v) }},
		{Name: "header_length", Get: func(p *flow.Packet) float64 { return float64(p.HeaderLength) },
			Set: func(p *flow.Packet, v float64) { p.HeaderLength = int32(v) }},
		{Name: gapName},
	}
	var t targets
	t.classes, t.numbers = f.Radio.Outputs(classes, numbers)
	if f.Scales.Resolution == 0 {
		return t, nil
	}
	if len(f.Scales.Classes) != len(t.classes) || len(f.Scales.Numbers) != len(t.numbers) {
		return t, fmt.Errorf("%d classes and %d numbers: want %d and %d: not of this version", len(f.Scales.Classes), len(f.Scales.Numbers), len(t.classes), len(t.numbers))
	}
	for k, c := range t.classes {
		if s := f.Scales.Classes[k]; s.Name != c.Name || s.Values == nil || s.Values.Len() == 0 {
			return t, fmt.Errorf("output %d is %q: want %q with values: not of this version", k, s.Name, c.Name)
		}
	}
	if f.connected() && f.Closing == nil {
		return t, errors.New("nothing on how connections are closed: not of this version")
	}
	return t, f.Scales.Ranks.check(len(t.numbers))
}

// outputs returns the heads and the features of the network.
func (f *facts) outputs() (heads []lstm.Head, features []string) {
	for _, c := range f.Scales.Classes {
		heads = append(heads, lstm.Head{Name: c.Name, Classes: c.Values.Len()})
	}
	for _, n := range f.Scales.Numbers {
		features = append(features, n.Name)
	}
	return heads, features
}

// gapBefore returns log10 of the gap before packet i of a flow, NaN where there is
// none: before a flow's first packet (D20). Without flows the gap before a segment's
// first packet is the one to the segment before.
func (f *facts) gapBefore(flows []*flow.Flow, at, i int) float64 {
	switch {
	case i > 0:
		return timeline.LogGap(timeline.GapBefore(flows[at], i))
	case f.Pace != nil && at > 0:
		return timeline.LogGap(time.Duration(max(0, flows[at].Start()-timeline.End(flows[at-1]))))
	}
	return math.NaN()
}

// number returns the value of a number of packet i of flow at, NaN for none.
func (g *Generator) number(k int, flows []*flow.Flow, at, i int) float64 {
	if n := &g.targets.numbers[k]; n.Name != gapName {
		return n.Get(&flows[at].Packets[i])
	}
	return g.gapBefore(flows, at, i)
}

// fitTargets learns the scales.
func (g *Generator) fitTargets(flows []*flow.Flow) error {
	var err error
	if g.targets, err = g.newTargets(); err != nil {
		return err
	}
	s := &g.Scales
	s.Resolution = timeline.Resolution(flows)
	values := make([][]int64, len(g.targets.classes))
	for _, n := range g.targets.numbers {
		s.Numbers = append(s.Numbers, numberScale{n.Name, [2]float64{math.Inf(1), math.Inf(-1)}})
	}
	for at, f := range flows {
		for i := range f.Packets {
			for k, c := range g.targets.classes {
				values[k] = append(values[k], c.Get(&f.Packets[i]))
			}
			for k := range s.Numbers {
				s.Numbers[k].include(g.number(k, flows, at, i))
			}
		}
	}
	for k, c := range g.targets.classes {
		s.Classes = append(s.Classes, classScale{c.Name, feature.FitVocabulary(values[k])})
	}
	for k := range s.Numbers {
		if r := &s.Numbers[k].span; r[1] < r[0] { // flows of one packet have no gap
			*r = [2]float64{math.Log10(timeline.ShortestGap), math.Log10(timeline.ShortestGap)}
		}
	}
	return nil
}

// include widens the range to a value; NaN is left out.
func (s *numberScale) include(v float64) {
	if v < s.span[0] {
		s.span[0] = v
	}
	if v > s.span[1] {
		s.span[1] = v
	}
}

// unit takes a value to [0, 1]; NaN remains.
func (s *numberScale) unit(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return v
	case s.span[1] <= s.span[0]:
		return 0
	}
	return (v - s.span[0]) / (s.span[1] - s.span[0])
}

// targetRows returns the network's targets [packets, values of the classes + numbers].
func (g *Generator) targetRows(flows []*flow.Flow) *mat.Dense {
	s := &g.Scales
	width, packets := len(s.Numbers), 0
	for _, c := range s.Classes {
		width += c.Values.Len()
	}
	for _, f := range flows {
		packets += len(f.Packets)
	}
	rows := mat.NewDense(packets, width, nil)
	next := 0
	for at, f := range flows {
		for i := range f.Packets {
			row := rows.RawRowView(next)
			next++
			for k, c := range s.Classes {
				code, _ := c.Values.Code(g.targets.classes[k].Get(&f.Packets[i]))
				row[code] = 1
				row = row[c.Values.Len():]
			}
			for k := range s.Numbers {
				row[k] = s.Numbers[k].unit(g.number(k, flows, at, i))
			}
		}
	}
	return rows
}

// choices returns for each packet of a flow the code of each class and, where there is
// one, the direction behind them: of connections the likeliest together, else each by
// itself (algorithm.md 9.2).
func (g *Generator) choices(y *mat.Dense) [][]int {
	n, _ := y.Dims()
	all := make([][]int, n)
	if g.Closing != nil {
		for i, c := range g.Closing.likeliest(y, g.Scales.Classes[0].Values.Values) {
			all[i] = []int{c.code, int(c.direction)}
		}
		return all
	}
	for i := range all {
		row := y.RawRowView(i)
		for _, c := range g.Scales.Classes {
			all[i] = append(all[i], floats.MaxIdx(row[:c.Values.Len()]))
			row = row[c.Values.Len():]
		}
		if g.targets.directed() {
			all[i] = append(all[i], int(math.Round(row[0])))
		}
	}
	return all
}

// packet turns the network's outputs, of which choices has decided some, into a packet
// and the gap before it: the others are numbers, taken back by their ranks.
func (g *Generator) packet(y []float64, choices []int) (p flow.Packet, gap time.Duration) {
	s := &g.Scales
	cell := ""
	for _, code := range choices {
		cell = cellKey(cell, code)
	}
	for k, c := range s.Classes {
		g.targets.classes[k].Set(&p, c.Values.Values[choices[k]])
		y = y[c.Values.Len():]
	}
	for k, n := range g.targets.numbers {
		switch n.Name {
		case directionName:
			p.Direction = flow.Direction(choices[len(choices)-1])
		case gapName:
			v := s.Ranks.value(cell, k, y[k], true)
			gap = time.Duration(math.Round(math.Pow(10, v)*1e9/float64(s.Resolution))) * time.Duration(s.Resolution)
		default:
			key := cell
			if g.connected() && k == headerNumber {
				key = headerCell(p.Flags)
			}
			n.Set(&p, s.Ranks.value(key, k, y[k], false))
		}
	}
	if p.Radio == nil {
		p.Length = p.HeaderLength + p.PayloadLength
	}
	p.Length = max(p.HeaderLength, p.Length)
	p.Captured, p.PayloadLength = p.Length, p.Length-p.HeaderLength
	return p, gap
}
