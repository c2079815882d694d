package analysis

import (
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// halvings is how often the real flows are halved at random, as for the floors of scores.
const halvings = 5

// part is a part of the traffic: its bytes in n bins.
type part struct {
	bytes *fidelity.Series
	n     int64
}

// halved reports whether the traffic can be halved by flows. What has none, and what is
// not at hand packet by packet, is cut into quarters of its time.
func (t *Traffic) halved() bool { return !t.Timeline && len(t.whole()) > 1 }

// parts returns pairs of parts of the traffic in n bins of a width: random halves of its
// flows, or quarters of its time, as the floors of the load are of.
func (t *Traffic) parts(bin, n int64) (pairs [][2]part) {
	if !t.halved() {
		all := t.bytesIn(bin)
		quarter := n / 4
		for k := int64(0); k < 4; k += 2 {
			pairs = append(pairs, [2]part{{all.Window(k*quarter, quarter), quarter}, {all.Window((k+1)*quarter, quarter), quarter}})
		}
		return pairs
	}
	flows := t.whole()
	rng := rand.New(source())
	for range halvings {
		order := rng.Perm(len(flows))
		pairs = append(pairs, [2]part{{t.bytesOfFlows(flows, order[:len(order)/2], bin), n}, {t.bytesOfFlows(flows, order[len(order)/2:], bin), n}})
	}
	return pairs
}

// bytesOfFlows returns the bytes of the chosen flows in bins, counted from the traffic's
// first packet.
func (t *Traffic) bytesOfFlows(flows []*flow.Flow, chosen []int, bin int64) *fidelity.Series {
	s := new(fidelity.Series)
	for _, i := range chosen {
		for k := range flows[i].Packets {
			p := &flows[i].Packets[k]
			s.Add((p.Time-t.First)/bin, float64(p.Length))
		}
	}
	return s
}

// apart returns how far apart two parts of the traffic are at each scale: the mean of the
// absolute differences of what of returns for them.
func (t *Traffic) apart(bin, n int64, of func(series *fidelity.Series, n int64) []float64) []float64 {
	var sums, counts []float64
	for _, pair := range t.parts(bin, n) {
		a, b := of(pair[0].bytes.Window(0, pair[0].n), pair[0].n), of(pair[1].bytes.Window(0, pair[1].n), pair[1].n)
		for k := range min(len(a), len(b)) {
			if k == len(sums) {
				sums, counts = append(sums, 0), append(counts, 0)
			}
			if d := math.Abs(a[k] - b[k]); !math.IsNaN(d) && !math.IsInf(d, 0) {
				sums[k], counts[k] = sums[k]+d, counts[k]+1
			}
		}
	}
	for k := range sums {
		sums[k] /= counts[k] // not a number where no pair has both
	}
	return sums
}

// addBand gives a line a band of these half widths; values beyond them have none.
func addBand(line *figure.Line, widths []float64) {
	line.Band = true
	for k, y := range line.Y {
		width := nan
		if k < len(widths) {
			width = widths[k]
		}
		line.Low, line.High = append(line.Low, y-width), append(line.High, y+width)
	}
}

// bandMeaning says what the band of the real side is.
func (t *Traffic) bandMeaning() string {
	if t.halved() {
		return "The band is as wide as two random halves of the real flows are apart, in the mean of five halvings."
	}
	return "The band is as wide as quarters of the real time are apart."
}
