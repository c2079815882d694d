package fidelity

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

const (
	nearest     = 5    // the neighbour of a flow up to which its surroundings reach, as both papers have it
	maxProfiles = 1000 // flows a side: the work goes with their square
)

// profileMeasures look for each flow among those that resemble it. They see what has no
// type: flows of other sizes and times. Surroundings are those of Kynkäänniemi et al.
// (Improved precision and recall metric for assessing generative models, NeurIPS 2019), in
// the profile of boosted flow. Precision is theirs. Recall is the coverage of Naeem et al.
// (Reliable fidelity and diversity metrics for generative models, ICML 2020), because
// theirs trusts the surroundings of synthetic flows, of which one that is far from all
// others has surroundings that cover everything.
func profileMeasures() []measure {
	const extent = ", which reach to the fifth closest other real flow in the standardised profile of boosted flow"
	return []measure{
		{
			Definition: Definition{"coverage", "profile recall", Similarity, "Share of the real flows with a synthetic flow in their surroundings" + extent + " (Naeem's coverage)."},
			compute: func(c *comparison) result {
				return c.profileResult(func(s surroundings) float64 { return s.recall })
			},
		},
		{
			Definition: Definition{"coverage", "profile precision", Similarity, "Share of the synthetic flows that are in the surroundings of a real flow" + extent + "."},
			compute: func(c *comparison) result {
				return c.profileResult(func(s surroundings) float64 { return s.precision })
			},
		},
	}
}

// surroundings is which flows of n a side have one of the other side near them.
type surroundings struct {
	n                 int
	recall, precision float64
}

// surroundings compares the profiles of both sides.
func (c *comparison) surroundings() surroundings {
	n := min(len(c.real.flows), len(c.synthetic.flows), maxProfiles)
	if n <= nearest {
		return surroundings{n: n}
	}
	real, synthetic := profiles(c.real.flows[:n], c.real.clock), profiles(c.synthetic.flows[:n], c.synthetic.clock)
	standardise(real, synthetic)
	recall, precision := near(real, synthetic, radii(real))
	return surroundings{n, recall, precision}
}

// profileResult is one of the shares as a result.
func (c *comparison) profileResult(share func(s surroundings) float64) result {
	s := c.resembled.get(c.surroundings)
	r, available := result{value: share(s), real: s.n, synthetic: s.n}, min(len(c.real.flows), len(c.synthetic.flows))
	switch {
	case s.n <= nearest:
		return missing("%d real and %d synthetic flows: want more than %d of each", len(c.real.flows), len(c.synthetic.flows), nearest)
	case s.n < available:
		r.note = fmt.Sprintf("on %d of the %d flows of each side", s.n, available)
	}
	r.interval = func() [2]float64 { return wilson(int(math.Round(r.value*float64(s.n))), s.n) }
	return r
}

// loggedColumns are the columns of profile that grow by factors.
var loggedColumns = func() []bool {
	list := make([]bool, len(profileColumns))
	for j, name := range profileColumns {
		list[j] = !strings.Contains(name, "log gap") && !strings.Contains(name, "share") && !strings.Contains(name, "mean") && !strings.Contains(name, "deviation")
	}
	return list
}()

// profiles is a row for each flow [flows][profileColumns], the logarithm in place of what
// grows by factors: counts, bytes and seconds.
func profiles(flows []*flow.Flow, c clock) [][]float64 {
	rows := make([][]float64, len(flows))
	for i, f := range flows {
		rows[i] = profile(f, c)
		for j := range rows[i] {
			if loggedColumns[j] {
				rows[i][j] = math.Log1p(rows[i][j])
			}
		}
	}
	return rows
}

// standardise puts both sides into standard deviations of the real one, in place.
func standardise(real, synthetic [][]float64) {
	s := newScale(real)
	for _, row := range slices.Concat(real, synthetic) {
		s.apply(row)
	}
}

// within returns the squared distance of two rows, or a number above limit where it is
// more than that.
func within(a, b []float64, limit float64) float64 {
	var sum float64
	for j := range a {
		if sum += (a[j] - b[j]) * (a[j] - b[j]); sum > limit {
			break
		}
	}
	return sum
}

// radii are the squared distances from each row to the nearest-th closest other one.
func radii(rows [][]float64) []float64 {
	list := make([]float64, len(rows))
	for i, row := range rows {
		closest := slices.Repeat([]float64{math.Inf(1)}, nearest) // rising
		for k, other := range rows {
			if d := within(row, other, closest[nearest-1]); k != i && d < closest[nearest-1] {
				at, _ := slices.BinarySearch(closest, d)
				copy(closest[at+1:], closest[at:])
				closest[at] = d
			}
		}
		list[i] = closest[nearest-1]
	}
	return list
}

// near returns the share of the real rows with a synthetic one within their radius
// (squared), and the share of the synthetic rows within the radius of a real one.
func near(real, synthetic [][]float64, radii []float64) (recall, precision float64) {
	covers, inside := 0, make([]bool, len(synthetic))
	for i, row := range real {
		covered := false
		for k := range synthetic {
			if inside[k] && covered {
				continue
			}
			if within(row, synthetic[k], radii[i]) <= radii[i] {
				inside[k], covered = true, true
			}
		}
		if covered {
			covers++
		}
	}
	resembling := 0
	for _, in := range inside {
		if in {
			resembling++
		}
	}
	return float64(covers) / float64(len(real)), float64(resembling) / float64(len(synthetic))
}
