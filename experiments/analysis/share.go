package analysis

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

const (
	bootstrapDraws = 1000
	minUnits       = 20   // flows below which single packets are drawn
	maxUnits       = 1000 // groups of flows or packets that are drawn
)

// shares are the proportions of categories among the packets of a side, with their
// 95 % bootstrap intervals.
type shares struct {
	value, low, high []float64
	of               int64 // packets or flows
}

// sharesOf counts categories: of gives the index of a packet's category, -1 for none
// of them, which still counts as a packet.
//
// The interval is of samples of whole flows, because the packets of a flow depend on
// each other; where there are fewer than 20, of single packets. More than 1,000 flows
// or packets are put into that many groups at random, which are drawn in their place.
func sharesOf(t *Traffic, categories int, of func(f *flow.Flow, p *flow.Packet) int) shares {
	groups := newGroups(t, categories)
	rng := rand.New(source())
	unit := 0
	next := func() int { // the group of the next unit
		if unit++; groups.single {
			return unit - 1
		}
		return rng.IntN(groups.n)
	}
	for _, f := range t.Sample {
		g := 0
		if groups.flows {
			g = next()
		}
		for i := range f.Packets {
			if !groups.flows {
				g = next()
			}
			if k := of(f, &f.Packets[i]); k >= 0 {
				groups.counts[g*categories+k]++
			}
			groups.totals[g]++
		}
	}
	return groups.shares()
}

// groups hold the counts of what the bootstrap draws.
type groups struct {
	flows         bool // whole flows are drawn
	single        bool // each group is one flow or packet
	n, categories int
	counts        []float64 // [n][categories]
	totals        []float64
}

// newGroups returns empty groups for the packets of a side.
func newGroups(t *Traffic, categories int) *groups {
	g := &groups{flows: len(t.Sample) >= minUnits, n: len(t.Sample), categories: categories}
	if !g.flows {
		g.n = packetsIn(t.Sample)
	}
	g.single = g.n <= maxUnits
	g.n = max(1, min(g.n, maxUnits))
	g.counts, g.totals = make([]float64, g.n*categories), make([]float64, g.n)
	return g
}

// shares returns the proportions of the categories and their intervals.
func (g *groups) shares() (s shares) {
	once := make([]float64, g.n)
	for i := range once {
		once[i] = 1
	}
	for _, n := range g.totals {
		s.of += int64(n)
	}
	s.value = make([]float64, g.categories)
	g.weighted(once, s.value)
	s.low, s.high = fidelity.Bootstrap(g.n, bootstrapDraws, g.categories, source(), g.weighted)
	return s
}

// weighted fills in the proportions where each group counts so many times.
func (g *groups) weighted(times, into []float64) {
	clear(into)
	var total float64
	for i, n := range times {
		if n == 0 {
			continue
		}
		total += n * g.totals[i]
		for k, c := range g.counts[i*g.categories : (i+1)*g.categories] {
			into[k] += n * c
		}
	}
	for k := range into {
		into[k] /= max(1, total)
	}
}

// addShares takes the shares of each category into the result, and returns them as
// bars, which name the number of packets or flows that the shares are of.
func (r *Result) addShares(quantity string, categories []string, sides []*Side, all []shares) []figure.Bar {
	list := make([]figure.Bar, len(sides))
	for i, s := range sides {
		list[i] = figure.Bar{Side: s.look, Name: fmt.Sprintf("%s (%s)", s.Name, thousands(all[i].of)), Values: all[i].value, Low: all[i].low, High: all[i].high}
	}
	for k, category := range categories {
		m := Measure{Quantity: quantity + " " + category, Statistic: "share", Short: true}
		for i := range sides {
			m.Values = append(m.Values, Value{number(all[i].value[k]), number(all[i].low[k]), number(all[i].high[k])})
		}
		r.Measures = append(r.Measures, m)
	}
	return list
}
