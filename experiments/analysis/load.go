package analysis

import (
	"fmt"
	"math"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// perSecond returns an analysis of a load in whole seconds, as A4 to A7 are.
func perSecond(quantity, unit string, load func(t *Traffic) *fidelity.Series) func(r *Result, sides []*Side) error {
	return func(r *Result, sides []*Side) error {
		all := values(sides, func(t *Traffic) fidelity.Values { return t.seconds(load(t)) })
		return r.distribution("", r.Title, quantity, unit+" of each second", unit, figure.Log, sides, all)
	}
}

// The loads.
func bytesOf(t *Traffic) *fidelity.Series   { return &t.bytes }
func packetsOf(t *Traffic) *fidelity.Series { return &t.packets }
func startsOf(t *Traffic) *fidelity.Series  { return t.ofFlows(func(*flowRow) float64 { return 1 }) }
func sizesOf(t *Traffic) *fidelity.Series {
	return t.ofFlows(func(row *flowRow) float64 { return float64(row.packets) })
}

// overTime draws packets, bytes and starting flows a second over time (A12).
func overTime(r *Result, sides []*Side) error {
	loads := []struct {
		more, title, unit, of string
		load                  func(t *Traffic) *fidelity.Series
	}{
		{"", "Packets a second", "packets/s", "packets", packetsOf},
		{"bytes", "Bytes a second", "bytes/s", "bytes", bytesOf},
		{"flows", "Flows a second", "flows/s", "flows", startsOf},
	}
	span, note := shownSpan(sides)
	bin := figure.TimeBin(span)
	for _, l := range loads {
		if l.more == "flows" && sides[0].Traffic.Timeline {
			continue
		}
		var list []figure.Sample
		var mean, most []float64
		caption := "Bursts need not fall on the same seconds; their size and spacing should agree. Shown are"
		for i, s := range sides {
			v := s.Traffic.rates(l.load(s.Traffic), bin, span)
			list = append(list, figure.Sample{Side: s.look, Name: s.Name, Values: v})
			var sum, top float64
			for _, x := range v {
				sum, top = sum+x/float64(len(v)), max(top, x)
			}
			mean, most = append(mean, sum), append(most, top)
			caption += fmt.Sprintf("%s %s %s of %s in %s bins", []string{"", ","}[min(i, 1)], thousands(int64(math.Round(sum*bin*float64(len(v))))), l.of, s.Name, thousands(len(v)))
		}
		r.add(l.title, "mean", l.unit, true, mean...)
		r.add(l.title, fmt.Sprintf("greatest of %g s", bin), l.unit, true, most...)
		f, err := figure.OverTime(l.title, l.unit, note, bin, list...)
		if err := r.draw(l.more, caption+".", f, err); err != nil {
			return err
		}
	}
	return nil
}

// shownSpan returns the seconds that figures over time show: of the longest side,
// but not much more than the real one has, which the note then says.
func shownSpan(sides []*Side) (span float64, note string) {
	real := max(1, sides[0].Traffic.Seconds())
	span = real
	for _, s := range sides[1:] {
		span = max(span, s.Traffic.Seconds())
	}
	if span > 1.5*real {
		return real, "; generated traffic goes on"
	}
	return span, ""
}

// rates returns a load a second, in bins of so many seconds from the whole second of
// the first packet to the last packet but no further than span seconds.
func (t *Traffic) rates(load *fidelity.Series, bin, span float64) []float64 {
	width := int64(bin) * binsPerSecond
	second, n := t.secondSpan()
	bins := min((n*binsPerSecond+width-1)/width, int64(span/bin)+1)
	sums := make([]float64, bins)
	for at, value := range load.Window(second*binsPerSecond, bins*width).All() {
		sums[at/width] += value / bin
	}
	return sums
}

// silence is the time without a packet that ends a recording, in bins of loadBin: 30
// seconds. Google Home's captures are a minute apart, and no packets of one are
// further apart than 16 seconds.
const silence = 30 * binsPerSecond

// recordings returns the bins in which recordings begin and end, the end behind the
// last bin that has a packet.
func (t *Traffic) recordings() (list [][2]int64) {
	for bin := range t.packets.All() {
		if n := len(list); n > 0 && bin < list[n-1][1]+silence {
			list[n-1][1] = bin + 1
		} else {
			list = append(list, [2]int64{bin, bin + 1})
		}
	}
	return list
}

// needRecordings is met by traffic that was recorded in several parts.
var needRecordings = need{"several recordings", func(s *Side) string {
	if len(s.Traffic.recordings()) < 2 {
		return "the traffic is one recording: no silence of 30 s divides it"
	}
	return ""
}}

// inRecordings is A4, A5 and A8 of captures that were recorded in several parts: the
// silence between them is taken out, and each begins a second of its own.
func inRecordings(r *Result, sides []*Side) error {
	var counts []float64
	for _, s := range sides {
		counts = append(counts, float64(len(s.Traffic.recordings())))
	}
	r.add("recordings", "n", "", true, counts...)
	for _, l := range []struct {
		more, title, quantity, unit string
		load                        func(t *Traffic) *fidelity.Series
	}{
		{"bytes", "Bytes a second inside recordings", "bytes/s in recordings", "bytes", bytesOf},
		{"packets", "Packets a second inside recordings", "packets/s in recordings", "packets", packetsOf},
	} {
		all := values(sides, func(t *Traffic) fidelity.Values {
			var v fidelity.Values
			for _, part := range t.recordings() {
				n := (part[1] - part[0] + binsPerSecond - 1) / binsPerSecond
				one := inSeconds(l.load(t), part[0], n, binsPerSecond)
				v.List, v.Zeros = append(v.List, one.List...), v.Zeros+one.Zeros
			}
			return v
		})
		if err := r.distribution(l.more, l.title, l.quantity, l.unit+" of each second", l.unit, figure.Log, sides, all); err != nil {
			return err
		}
	}
	all := values(sides, func(t *Traffic) fidelity.Values {
		var v fidelity.Values
		for _, gap := range t.mergedGaps() {
			if gap < float64(silence/binsPerSecond) {
				v.List = append(v.List, gap)
			}
		}
		return v
	})
	return r.distribution("gaps", "Gap to the packet before, inside recordings", "gap in recordings", "time since the packet before", "s", figure.LogSeconds, sides, all)
}
