package fidelity

import (
	"fmt"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

const (
	maxLag   = 20 // lags 1 to 20 of the autocorrelation
	minPairs = 30 // pairs of packets that a lag needs on each side
)

// orderMeasures are about the order of packets inside flows.
func orderMeasures() []measure {
	return []measure{
		{
			Definition: Definition{"order", "trigrams JSD bits", Distance,
				jensenShannonOf + "(direction, flags) of three packets in a row, inside flows."},
			compute: func(c *comparison) result { return tables(jensenShannon, c.real.trigrams, c.synthetic.trigrams) },
		},
		{
			Definition: Definition{"order", "length autocorrelation", Distance,
				"Autocorrelation of frame lengths inside flows: mean absolute difference over lags 1 to 20."},
			compute: func(c *comparison) result {
				return correlations(c, func(_ *sample, f *flow.Flow, i int) float64 { return float64(f.Packets[i].Length) }, 0)
			},
		},
		{
			Definition: Definition{"order", "log gap autocorrelation", Distance,
				"Autocorrelation of log10 gaps inside flows: mean absolute difference over lags 1 to 20."},
			compute: func(c *comparison) result {
				return correlations(c, func(s *sample, f *flow.Flow, i int) float64 { return s.clock.logSeconds(gapBefore(f, i)) }, 1)
			},
		},
		proportionOf("handshake share", "Share of TCP flows that open with SYN, SYN/ACK, ACK.", Handshake),
		proportionOf("close share", "Share of TCP flows in which both ends send a FIN, the last FIN is acknowledged, and no RST comes first.", Closed),
	}
}

// proportionOf makes a score: the proportion of the synthetic TCP flows that have a
// property.
func proportionOf(name, meaning string, has func(f *flow.Flow) bool) measure {
	return measure{
		Definition: Definition{"order", name, Proportion, meaning},
		flows:      true,
		needs:      NoFlags,
		compute: func(c *comparison) result {
			real, nReal := proportionWith(c.real.flows, has)
			synthetic, nSynthetic := proportionWith(c.synthetic.flows, has)
			r := compared(synthetic, nReal, nSynthetic)
			switch {
			case r.note == "":
				r.note = fmt.Sprintf("held-out flows %.4f", real)
			case nReal == 0 && nSynthetic == 0:
				r = notApplicable("no flow is of TCP")
			default:
				r.note = fmt.Sprintf("%d real and %d synthetic TCP flows", nReal, nSynthetic)
			}
			return r
		},
	}
}

// proportionWith is the proportion of the TCP flows that have a property, and the
// number of TCP flows.
func proportionWith(flows []*flow.Flow, has func(f *flow.Flow) bool) (proportion float64, n int) {
	var count float64
	for _, f := range flows {
		if f.Tuple.Proto != flow.TCP {
			continue
		}
		n++
		if has(f) {
			count++
		}
	}
	return count / float64(n), n
}

// Handshake reports whether a TCP flow opens with the client's SYN, the server's
// SYN/ACK and the client's ACK. The SYN and the SYN/ACK may be repeated.
func Handshake(f *flow.Flow) bool {
	const mask = flow.SYN | flow.ACK | flow.RST | flow.FIN
	wanted := []struct {
		direction flow.Direction
		flags     flow.TCPFlags
	}{{flow.Forward, flow.SYN}, {flow.Backward, flow.SYN | flow.ACK}, {flow.Forward, flow.ACK}}
	step := 0
	for i := range f.Packets {
		p := &f.Packets[i]
		switch {
		case p.Direction == wanted[step].direction && p.Flags&mask == wanted[step].flags:
			if step++; step == len(wanted) {
				return true
			}
		case step > 0 && p.Direction == wanted[step-1].direction && p.Flags&mask == wanted[step-1].flags:
		default:
			return false
		}
	}
	return false
}

// Closed reports whether both ends of a TCP flow send a FIN and the second of them
// is acknowledged, without an RST before.
func Closed(f *flow.Flow) bool {
	var fin [2]bool
	last := flow.Forward
	for i := range f.Packets {
		p := &f.Packets[i]
		both := fin[flow.Forward] && fin[flow.Backward]
		switch {
		case both && p.Direction != last && p.Flags&flow.ACK != 0:
			return true
		case p.Flags&flow.RST != 0:
			return false
		case p.Flags&flow.FIN != 0 && !fin[p.Direction&1]:
			fin[p.Direction&1] = true
			last = p.Direction
		}
	}
	return false
}

// correlations compares the autocorrelation of value inside flows, of packets
// from the index first on.
func correlations(c *comparison, value func(s *sample, f *flow.Flow, i int) float64, first int) result {
	a, pairsA := autocorrelation(c.real, value, first)
	b, pairsB := autocorrelation(c.synthetic, value, first)
	var sum float64
	lags := 0
	for k := 1; k <= maxLag; k++ {
		if pairsA[k] >= minPairs && pairsB[k] >= minPairs && !math.IsNaN(a[k]) && !math.IsNaN(b[k]) {
			sum += math.Abs(a[k] - b[k])
			lags++
		}
	}
	if lags == 0 {
		return missing("no lag has %d pairs of packets and values that differ on both sides", minPairs)
	}
	r := result{value: sum / float64(lags), real: pairsA[0], synthetic: pairsB[0]}
	if lags < maxLag {
		r.note = fmt.Sprintf("over the %d of %d lags with at least %d pairs on both sides", lags, maxLag, minPairs)
	}
	return r
}

// autocorrelation pools the flows: with the mean m and the variance v of all
// values, r(k) = mean of (x[t]-m)(x[t+k]-m) over the pairs inside flows, over v.
// pairs[0] is the number of values.
func autocorrelation(s *sample, value func(s *sample, f *flow.Flow, i int) float64, first int) (r [maxLag + 1]float64, pairs [maxLag + 1]int) {
	series := make([][]float64, len(s.flows))
	var mean float64
	for j, f := range s.flows {
		for i := first; i < len(f.Packets); i++ {
			v := value(s, f, i)
			series[j] = append(series[j], v)
			mean += v
			pairs[0]++
		}
	}
	mean /= float64(max(1, pairs[0]))
	for _, x := range series {
		for t := range x {
			for k := 0; k <= maxLag && t+k < len(x); k++ {
				r[k] += (x[t] - mean) * (x[t+k] - mean)
				if k > 0 {
					pairs[k]++
				}
			}
		}
	}
	variance := r[0] / float64(pairs[0])
	for k := range r {
		r[k] /= float64(pairs[k]) * variance
	}
	return r, pairs
}
