package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// inOrder returns all packets by their times, none where only a part is at hand.
func (t *Traffic) inOrder() []*flow.Packet {
	var all []*flow.Packet
	for _, f := range t.whole() {
		for i := range f.Packets {
			all = append(all, &f.Packets[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *flow.Packet) int { return cmp.Compare(a.Time, b.Time) })
	return all
}

// mergedGaps returns the seconds from each packet to the next, of any flow.
func (t *Traffic) mergedGaps() []float64 {
	all := t.inOrder()
	var gaps []float64
	for i := 1; i < len(all); i++ {
		gaps = append(gaps, seconds(all[i].Time-all[i-1].Time))
	}
	return gaps
}

// flowGaps returns the seconds before each packet but the first of its flow. A clock
// that steps back makes 0.
func (t *Traffic) flowGaps() []float64 {
	var gaps []float64
	for _, f := range t.Sample {
		for i := 1; i < len(f.Packets); i++ {
			gaps = append(gaps, seconds(max(0, f.Packets[i].Time-f.Packets[i-1].Time)))
		}
	}
	return gaps
}

// maxFields is how many packets the fields over time show.
const maxFields = 10_000

// fieldsOverTime draws length and gap of the first packets (A1).
func fieldsOverTime(r *Result, sides []*Side) error {
	var lengths, gaps []figure.Cloud
	var lengthLag, gapLag []float64
	for _, s := range sides {
		all := s.Traffic.inOrder()
		all = all[:min(len(all), maxFields)]
		length, gap := figure.Cloud{Side: s.look, Name: s.Name}, figure.Cloud{Side: s.look, Name: s.Name}
		var logs []float64
		for i, p := range all {
			at := seconds(p.Time - all[0].Time)
			length.X, length.Y = append(length.X, at), append(length.Y, float64(p.Length))
			if i > 0 {
				v := seconds(p.Time - all[i-1].Time)
				gap.X, gap.Y = append(gap.X, at), append(gap.Y, v)
				logs = append(logs, math.Log10(max(1e-6, v)))
			}
		}
		lengths, gaps = append(lengths, length), append(gaps, gap)
		lengthLag, gapLag = append(lengthLag, lagOne(length.Y)), append(gapLag, lagOne(logs))
	}
	r.add("length", "autocorrelation at lag 1", "", true, lengthLag...)
	r.add("log gap", "autocorrelation at lag 1", "", true, gapLag...)
	caption := "The first 10,000 packets of each side. In brackets the packets, and zeros that cannot stand on a logarithmic axis."
	time := figure.Axis{Label: "seconds since the first packet"}
	f, err := figure.Clouds("Packet length over time", time, figure.Axis{Label: "bytes"}, lengths...)
	if err := r.draw("", caption, f, err); err != nil {
		return err
	}
	f, err = figure.Clouds("Gap to the packet before, over time", time, figure.Axis{Label: "gap", Scale: figure.LogSeconds}, gaps...)
	return r.draw("gaps", caption, f, err)
}

// lagOne returns the autocorrelation at lag 1: sums of products over sums of squares,
// both of differences to the mean.
func lagOne(x []float64) float64 {
	var mean, products, squares float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for i, v := range x {
		squares += (v - mean) * (v - mean)
		if i > 0 {
			products += (v - mean) * (x[i-1] - mean)
		}
	}
	return products / squares
}

// gaps draws the times between packets of a flow, between packets of any flow, and
// between the starts of flows (A8).
func gaps(r *Result, sides []*Side) error {
	title := "Gap between packets of a flow"
	if sides[0].Traffic.Timeline {
		title = "Gap between packets"
	}
	for _, g := range []struct {
		more, title, quantity, axis string
		needs                       []need
		of                          func(t *Traffic) []float64
	}{
		{"", title, "gap inside flows", "time since the packet before", []need{needPackets}, (*Traffic).flowGaps},
		{"merged", "Gap to the packet before, of any flow", "gap to any packet", "time since the packet before", []need{needPackets, needTimes, needWhole}, (*Traffic).mergedGaps},
		{"flows", "Time between flows", "time between flows", "time since the flow before began", []need{needFlows, needTimes}, (*Traffic).between},
	} {
		if g.more == "merged" && sides[0].Traffic.Timeline {
			continue // the same as the first
		}
		kept := sides
		for _, n := range g.needs {
			kept = with(kept, n)
		}
		if len(kept) < min(2, len(sides)) || kept[0] != sides[0] {
			continue
		}
		all := values(kept, func(t *Traffic) fidelity.Values { return fidelity.Values{List: g.of(t)} })
		r.describeFor(sides, kept, g.quantity, "s", all)
		f, err := figure.CDF(g.title, g.axis, figure.LogSeconds, samples(kept, all)...)
		if err := r.draw(g.more, countedValues(figure.LogSeconds, all), f, err); err != nil {
			return err
		}
	}
	if len(r.Figures) == 0 {
		return fmt.Errorf("the sides share neither packets nor starts of flows: %w", figure.ErrNoValues)
	}
	return nil
}

// needWhole is met by sides of which all packets are held.
var needWhole = need{"all packets", func(s *Side) string {
	if s.Traffic.whole() == nil {
		return "only a part of the packets is held: " + s.Traffic.Part()
	}
	return ""
}}

// with returns the sides that meet a need.
func with(sides []*Side, n need) (kept []*Side) {
	for _, s := range sides {
		if n.lack(s) == "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// maxFlags is how many values of the TCP flags have a panel of their own.
const maxFlags = 6

// lengths draws the packets' lengths, of all and by their flags (A9).
func lengths(r *Result, sides []*Side) error {
	length := func(p *flow.Packet) float64 { return float64(p.Length) }
	if err := r.distribution("", "Packet length", "packet length", "bytes of a frame", "bytes", figure.Linear, sides, values(sides, packetValues(length))); err != nil {
		return err
	}
	r.Figures[0].Caption = "Where the lines part, a length is too frequent or too rare."
	flagged := with(sides, needFlags)
	if len(flagged) == 0 || flagged[0] != sides[0] {
		return nil
	}
	var groups []figure.Group
	for _, flags := range frequentFlags(flagged[0].Traffic, maxFlags) {
		all := values(flagged, func(t *Traffic) (v fidelity.Values) {
			for _, f := range t.Sample {
				for i := range f.Packets {
					if p := &f.Packets[i]; p.Flags == flags {
						v.List = append(v.List, float64(p.Length))
					}
				}
			}
			return v
		})
		r.describeFor(sides, flagged, "packet length, "+flags.String(), "bytes", all)
		title := flags.String()
		for i := range all {
			title += fmt.Sprintf("%s%s", []string{": ", ", "}[min(i, 1)], thousands(len(all[i].List)))
		}
		groups = append(groups, figure.Group{Title: title, Samples: samples(flagged, all)})
	}
	f, err := figure.CDFs("Packet length by TCP flags", "bytes of a frame", figure.Linear, groups)
	return r.draw("by-flags", "The flags that are most frequent in the real packets, with the packets of each side in the order of the legend.", f, err)
}

// frequentFlags returns the flags of most packets, the most frequent first.
func frequentFlags(t *Traffic, most int) []flow.TCPFlags {
	counts := map[flow.TCPFlags]int{}
	for _, f := range t.Sample {
		for i := range f.Packets {
			counts[f.Packets[i].Flags]++
		}
	}
	list := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(list, func(a, b flow.TCPFlags) int { return counts[b] - counts[a] })
	return list[:min(most, len(list))]
}

// describeFor is describe of some of the result's sides; the others have no values.
func (r *Result) describeFor(sides, some []*Side, quantity, unit string, all []fidelity.Values) {
	part := &Result{}
	part.describe(quantity, unit, all)
	r.take(part, sides, some)
}

// take adds the measures and figures of a part that is of some of the sides; the
// others have no values.
func (r *Result) take(part *Result, sides, some []*Side) {
	for _, m := range part.Measures {
		spread := make([]Value, len(sides))
		for i, s := range some {
			spread[slices.Index(sides, s)] = m.Values[i]
		}
		m.Values = spread
		r.Measures = append(r.Measures, m)
	}
	r.Figures = append(r.Figures, part.Figures...)
}

// maxLayers is how many layers of a level have a box.
const maxLayers = 8

// lengthByLayer draws the lengths of packets by what they are made of (A27).
func lengthByLayer(r *Result, sides []*Side) error {
	for level := 2; level <= 4; level++ {
		names, counts := layersAt(sides[0].Traffic, level)
		if len(names) == 0 || len(names) == 1 && names[0] == flow.NoLayer {
			continue
		}
		var categories []string
		spreads := make([]figure.Spread, len(sides))
		for i, s := range sides {
			spreads[i] = figure.Spread{Side: s.look, Name: s.Name, Values: make([][]float64, len(names))}
			for _, f := range s.Traffic.Sample {
				for k := range f.Packets {
					p := &f.Packets[k]
					if at := slices.Index(names, p.Layers[level].Name); at >= 0 {
						spreads[i].Values[at] = append(spreads[i].Values[at], float64(p.Length))
					}
				}
			}
		}
		for at, name := range names {
			categories = append(categories, fmt.Sprintf("%s (%s)", name, thousands(counts[at])))
			all := make([]fidelity.Values, len(sides))
			for i := range spreads {
				all[i].List = spreads[i].Values[at]
			}
			r.describe(fmt.Sprintf("packet length, layers_%d %s", level, name), "bytes", all)
		}
		f, err := figure.Boxes(fmt.Sprintf("Packet length by layer %d", level), "bytes of a frame", categories, spreads, "", nil)
		if err := r.draw(fmt.Sprint(level), "Half of the packets lie inside a box, the line in it is the median, whiskers hold 90 %. In brackets the real packets; None: the packet has fewer layers. "+countedPackets(sides), f, err); err != nil {
			return err
		}
	}
	for i := range r.Measures {
		r.Measures[i].Short = r.Measures[i].Statistic == "median"
	}
	return nil
}

// layersAt returns the most frequent layers at a level, from 0, and their packets.
func layersAt(t *Traffic, level int) (names []flow.LayerName, counts []int) {
	count := map[flow.LayerName]int{}
	for _, f := range t.Sample {
		for i := range f.Packets {
			count[f.Packets[i].Layers[level].Name]++
		}
	}
	names = slices.Sorted(maps.Keys(count))
	slices.SortStableFunc(names, func(a, b flow.LayerName) int { return count[b] - count[a] })
	names = names[:min(len(names), maxLayers)]
	for _, name := range names {
		counts = append(counts, count[name])
	}
	return names, counts
}
