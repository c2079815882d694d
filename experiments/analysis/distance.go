package analysis

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// distances draws how far distributions are from the real ones by four measures (A16).
func distances(r *Result, sides []*Side) error {
	quantities := []struct {
		name, unit string
		needs      []need
		of         func(t *Traffic) fidelity.Values
	}{
		{"packet length", "bytes", []need{needPackets}, packetValues(func(p *flow.Packet) float64 { return float64(p.Length) })},
		{"header length", "bytes", []need{needPackets}, packetValues(func(p *flow.Packet) float64 { return float64(p.HeaderLength) })},
		{"gap", "s", []need{needPackets}, func(t *Traffic) fidelity.Values { return fidelity.Values{List: t.flowGaps()} }},
		{"packets per flow", "packets", []need{needFlows}, func(t *Traffic) (v fidelity.Values) {
			for i := range t.rows {
				v.List = append(v.List, float64(t.rows[i].packets))
			}
			return v
		}},
		{"time between flows", "s", []need{needFlows, needTimes}, func(t *Traffic) fidelity.Values { return fidelity.Values{List: t.between()} }},
		{"packets/s", "packets", []need{needPackets, needTimes}, func(t *Traffic) fidelity.Values { return t.seconds(packetsOf(t)) }},
		{"bytes/s", "bytes", []need{needPackets, needTimes}, func(t *Traffic) fidelity.Values { return t.seconds(bytesOf(t)) }},
		{"flows/s", "flows", []need{needFlows, needTimes}, func(t *Traffic) fidelity.Values { return t.seconds(startsOf(t)) }},
	}
	bars := make([][2]figure.Bar, len(sides))
	for i, s := range sides {
		bars[i] = [2]figure.Bar{{Side: s.look, Name: s.Name}, {Side: s.look, Name: s.Name}}
	}
	var categories []string
	for _, q := range quantities {
		a := Analysis{needs: q.needs}
		if a.lack(sides[0]) != "" {
			continue
		}
		ks, w1, jsd, cosine := []float64{nan}, []float64{nan}, []float64{nan}, []float64{nan}
		real := q.of(sides[0].Traffic)
		found := false
		for i, s := range sides[1:] {
			d := fidelity.Distances{KS: nan, W1: nan, JSD: nan, Cosine: nan}
			if a.lack(s) == "" {
				d, found = fidelity.DistancesOf(real, q.of(s.Traffic), source()), true
			}
			ks, w1, jsd, cosine = append(ks, d.KS), append(w1, d.W1), append(jsd, d.JSD), append(cosine, d.Cosine)
			bars[i+1][0].Values = append(bars[i+1][0].Values, zeroForNaN(d.KS))
			bars[i+1][1].Values = append(bars[i+1][1].Values, zeroForNaN(d.Cosine))
		}
		if !found {
			for i := range bars[1:] {
				for k := range bars[i+1] {
					bars[i+1][k].Values = bars[i+1][k].Values[:len(categories)]
				}
			}
			continue
		}
		categories = append(categories, q.name)
		r.add(q.name, "KS", "", true, ks...)
		r.add(q.name, "W1", q.unit, true, w1...)
		r.add(q.name, "JSD", "", false, jsd...)
		r.add(q.name, "cosine", "", true, cosine...)
	}
	for k, figureOf := range []struct{ more, title, axis string }{
		{"", "Kolmogorov-Smirnov distance to the real data", "greatest difference of the distribution functions; 0 is best"},
		{"cosine", "The original's percentage of correspondence", "cosine of the sorted values; 1 is best, blind to scale"},
	} {
		var list []figure.Bar
		for i := range sides[1:] {
			list = append(list, bars[i+1][k])
		}
		f, err := figure.Bars(figureOf.title, figureOf.axis, categories, list...)
		if err := r.draw(figureOf.more, "A side that lacks a quantity has no bar.", f, err); err != nil {
			return err
		}
	}
	return nil
}

// zeroForNaN is the length of the bar of a value that may not exist.
func zeroForNaN(v float64) float64 {
	if number(v) == nil {
		return 0
	}
	return v
}
