package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// values takes numbers of each side.
func values(sides []*Side, of func(t *Traffic) fidelity.Values) []fidelity.Values {
	all := make([]fidelity.Values, len(sides))
	for i, s := range sides {
		all[i] = of(s.Traffic)
	}
	return all
}

// packetValues takes a number of each packet of the samples, in the order of flows.
func packetValues(of func(p *flow.Packet) float64) func(t *Traffic) fidelity.Values {
	return func(t *Traffic) fidelity.Values {
		var v fidelity.Values
		for _, f := range t.Sample {
			for i := range f.Packets {
				v.List = append(v.List, of(&f.Packets[i]))
			}
		}
		return v
	}
}

// seconds is a difference of times in seconds.
func seconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e9 }

// samples are values as figures take them.
func samples(sides []*Side, all []fidelity.Values) []figure.Sample {
	list := make([]figure.Sample, len(sides))
	for i, s := range sides {
		list[i] = figure.Sample{Side: s.look, Name: s.Name, Values: all[i].List, Zeros: all[i].Zeros}
	}
	return list
}

// source is the random source of what an analysis draws.
func source() rand.Source { return rand.NewPCG(0x616e616c, 0x79736973) }

// describe adds what distributions come to: of each side size, mean and quantiles,
// and how far each generated side is from the first.
func (r *Result) describe(quantity, unit string, all []fidelity.Values) {
	type column struct {
		name  string
		short bool
		of    func(sorted []float64, v fidelity.Values) float64
	}
	at := func(proportion float64) func([]float64, fidelity.Values) float64 {
		return func(sorted []float64, v fidelity.Values) float64 { return quantile(sorted, v.Zeros, proportion) }
	}
	columns := []column{
		{"n", false, func(sorted []float64, v fidelity.Values) float64 { return float64(int64(len(sorted)) + v.Zeros) }},
		{"mean", true, func(sorted []float64, v fidelity.Values) float64 {
			var sum float64
			for _, x := range sorted {
				sum += x
			}
			return sum / float64(int64(len(sorted))+v.Zeros)
		}},
		{"5 %", false, at(0.05)}, {"median", true, at(0.5)}, {"95 %", false, at(0.95)}, {"greatest", false, at(1)},
	}
	results := make([][]float64, len(columns))
	for _, v := range all {
		sorted := slices.Sorted(slices.Values(v.List))
		for k, c := range columns {
			value := nan
			if int64(len(sorted))+v.Zeros > 0 {
				value = c.of(sorted, v)
			}
			results[k] = append(results[k], value)
		}
	}
	for k, c := range columns {
		of := unit
		if c.name == "n" {
			of = ""
		}
		r.add(quantity, c.name, of, c.short, results[k]...)
	}
	if len(all) < 2 {
		return
	}
	ks, w1 := []float64{nan}, []float64{nan}
	for _, v := range all[1:] {
		d := fidelity.DistancesOf(all[0], v, source())
		ks, w1 = append(ks, d.KS), append(w1, d.W1)
	}
	r.add(quantity, "KS to real", "", true, ks...)
	r.add(quantity, "W1 to real", unit, false, w1...)
}

// quantile is fidelity.Quantile of sorted values that are not negative and so many
// zeros before them.
func quantile(sorted []float64, zeros int64, proportion float64) float64 {
	at := proportion * float64(int64(len(sorted))+zeros-1)
	value := func(i int64) float64 {
		if i < zeros {
			return 0
		}
		return sorted[min(i-zeros, int64(len(sorted))-1)]
	}
	if zeros == 0 {
		return fidelity.Quantile(sorted, proportion)
	}
	low := int64(at)
	return value(low) + (at-float64(low))*(value(min(low+1, int64(len(sorted))+zeros-1))-value(low))
}

// distribution adds what distributions come to, and draws them.
func (r *Result) distribution(more, title, quantity, axis, unit string, scale figure.Scale, sides []*Side, all []fidelity.Values) error {
	r.describe(quantity, unit, all)
	f, err := figure.CDF(title, axis, scale, samples(sides, all)...)
	return r.draw(more, countedValues(scale, all), f, err)
}

// countedValues says what legends of distribution functions have in brackets.
func countedValues(scale figure.Scale, all []fidelity.Values) string {
	for _, v := range all {
		if scale != figure.Linear && (v.Zeros > 0 || slices.ContainsFunc(v.List, func(x float64) bool { return x <= 0 })) {
			return "In brackets the number of values. Zeros cannot stand on a logarithmic axis: a curve begins at their share."
		}
	}
	return "In brackets the number of values."
}

// countedPackets says how many packets of each side a figure is of.
func countedPackets(sides []*Side) string {
	text := "Packets: "
	for i, s := range sides {
		text += fmt.Sprintf("%s%s %s", []string{"", ", "}[min(i, 1)], s.Name, thousands(packetsIn(s.Traffic.Sample)))
	}
	return text + "."
}

// nan stands for a value that there is not.
var nan = math.NaN()
