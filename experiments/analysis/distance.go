package analysis

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// compared is a quantity whose distributions are compared.
type compared struct {
	name, unit string
	needs      []need
	of         func(t *Traffic) fidelity.Values
}

// comparedQuantities are those of A16.
func comparedQuantities() []compared {
	packets, times, flows := []need{needPackets}, []need{needPackets, needTimes}, []need{needFlows, needTimes}
	return []compared{
		{"packet length", "bytes", packets, packetValues(func(p *flow.Packet) float64 { return float64(p.Length) })},
		{"header length", "bytes", packets, packetValues(func(p *flow.Packet) float64 { return float64(p.HeaderLength) })},
		{"gap", "s", packets, func(t *Traffic) fidelity.Values { return fidelity.Values{List: t.flowGaps()} }},
		{"packets per flow", "packets", []need{needFlows}, func(t *Traffic) (v fidelity.Values) {
			for i := range t.rows {
				v.List = append(v.List, float64(t.rows[i].packets))
			}
			return v
		}},
		{"time between flows", "s", flows, func(t *Traffic) fidelity.Values { return fidelity.Values{List: t.between()} }},
		{"packets/s", "packets", times, func(t *Traffic) fidelity.Values { return t.seconds(packetsOf(t)) }},
		{"bytes/s", "bytes", times, func(t *Traffic) fidelity.Values { return t.seconds(bytesOf(t)) }},
		{"flows/s", "flows", flows, func(t *Traffic) fidelity.Values { return t.seconds(startsOf(t)) }},
	}
}

// distances draws how far distributions are from the real ones by four measures (A16).
func distances(r *Result, sides []*Side) error {
	var categories []string
	ks, cosine := make([][]float64, len(sides)), make([][]float64, len(sides))
	for _, q := range comparedQuantities() {
		found := q.distances(sides)
		if found == nil {
			continue
		}
		categories = append(categories, q.name)
		add := func(statistic, unit string, short bool, of func(d fidelity.Distances) float64) {
			values := make([]float64, len(found))
			for i, d := range found {
				values[i] = of(d)
			}
			r.add(q.name, statistic, unit, short, values...)
		}
		add("KS", "", true, func(d fidelity.Distances) float64 { return d.KS })
		add("W1", q.unit, true, func(d fidelity.Distances) float64 { return d.W1 })
		add("JSD", "bits", false, func(d fidelity.Distances) float64 { return d.JSD })
		add("cosine", "", true, func(d fidelity.Distances) float64 { return d.Cosine })
		for i, d := range found {
			ks[i], cosine[i] = append(ks[i], zeroForNaN(d.KS)), append(cosine[i], zeroForNaN(d.Cosine))
		}
	}
	for _, p := range []struct {
		more, title, axis string
		values            [][]float64
	}{
		{"", "Kolmogorov-Smirnov distance to the real data", "greatest difference of the distribution functions; 0 is best", ks},
		{"cosine", "The original's percentage of correspondence", "cosine of the sorted values; 1 is best, blind to scale", cosine},
	} {
		var bars []figure.Bar
		for i, s := range sides[1:] {
			bars = append(bars, figure.Bar{Side: s.look, Name: s.Name, Values: p.values[i+1]})
		}
		f, err := figure.Bars(p.title, p.axis, categories, bars...)
		if err := r.draw(p.more, "A side that lacks a quantity has no bar.", f, err); err != nil {
			return err
		}
	}
	return nil
}

// distances returns the distances of each side to the first, which has none, as a side
// that lacks the quantity. They are nil where the first or all others lack it.
func (q *compared) distances(sides []*Side) []fidelity.Distances {
	a := Analysis{needs: q.needs}
	if a.lack(sides[0]) != "" {
		return nil
	}
	real := q.of(sides[0].Traffic)
	list := make([]fidelity.Distances, len(sides))
	found := false
	for i, s := range sides {
		list[i] = fidelity.Distances{KS: nan, W1: nan, JSD: nan, Cosine: nan}
		if i > 0 && a.lack(s) == "" {
			list[i], found = fidelity.DistancesOf(real, q.of(s.Traffic), source()), true
		}
	}
	if !found {
		return nil
	}
	return list
}

// zeroForNaN is the length of the bar of a value that may not exist.
func zeroForNaN(v float64) float64 {
	if number(v) == nil {
		return 0
	}
	return v
}
