package fidelity

import (
	"fmt"
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// copiedMeasures are about how much of the synthetic traffic is the training data.
func copiedMeasures() []measure {
	return []measure{
		{
			Definition: Definition{"privacy", "copied flows", Proportion,
				"Share of synthetic flows whose (length, direction, flags) sequence stands in the training flows; the floor is that share of the held-out flows."},
			flows: true,
			all:   true,
			compute: func(c *comparison) result {
				if len(c.reference.training) == 0 {
					return missing("no training flow to compare with")
				}
				flows := c.generated.flows
				return result{value: copied(flows, c.reference.training), real: len(c.reference.neighbours.rows), synthetic: len(flows), note: c.followedNote()}
			},
			floor: func(r *reference) (mean, deviation float64) {
				if len(r.training) == 0 {
					return math.NaN(), math.NaN()
				}
				p := copied(r.split.HeldOut, r.training)
				return p, math.Sqrt(p * (1 - p) / float64(len(r.split.HeldOut)))
			},
		},
		{
			Definition: Definition{"privacy", "closest record", Proportion,
				"Median distance of a synthetic flow's summary to the closest training flow's, in training standard deviations; the floor is that of held-out flows: much below it is too close."},
			flows: true,
			compute: func(c *comparison) result {
				distances := c.reference.neighbours.distances(c.synthetic.flows)
				if len(distances) == 0 {
					return missing("no training flow to compare with")
				}
				zero, _ := slices.BinarySearch(distances, math.SmallestNonzeroFloat64)
				note := fmt.Sprintf("share of synthetic flows at distance 0: %.4f", float64(zero)/float64(len(distances)))
				if n := c.reference.neighbours; len(n.rows) < n.all {
					note = joinNotes(note, fmt.Sprintf("the closest of %d of the %d training flows", len(n.rows), n.all))
				}
				return result{value: median(distances), real: len(c.reference.neighbours.rows), synthetic: len(distances), note: joinNotes(note, c.followedNote())}
			},
			floor: (*reference).closestFloor,
		},
	}
}

// followedNote says what a score of privacy means for flows whose starts and sizes are
// the original's; "" for others.
func (c *comparison) followedNote() string {
	if !c.cfg.Followed {
		return ""
	}
	return "the flows follow the original: their starts and sizes are its own, and only what else they are is generated"
}

// shapes is the set of the (length, direction, flags) sequences of flows.
func shapes(flows []*flow.Flow) map[string]struct{} {
	set := make(map[string]struct{}, len(flows))
	for _, f := range flows {
		set[shape(f)] = struct{}{}
	}
	return set
}

// shape is the (length, direction, flags) sequence of a flow as a map key.
func shape(f *flow.Flow) string {
	key := make([]byte, 0, 6*len(f.Packets))
	for i := range f.Packets {
		p := &f.Packets[i]
		key = append(key, byte(p.Length), byte(p.Length>>8), byte(p.Length>>16), byte(p.Length>>24), byte(p.Direction), byte(p.Flags))
	}
	return string(key)
}

// copied is the proportion of flows whose shape is one of the training flows'.
func copied(flows []*flow.Flow, training map[string]struct{}) float64 {
	var count float64
	for _, f := range flows {
		if _, ok := training[shape(f)]; ok {
			count++
		}
	}
	return count / float64(len(flows))
}

// closestFloor is the median distance of held-out flows to the closest training flow, and
// its standard error.
func (r *reference) closestFloor() (mean, deviation float64) {
	held := r.split.HeldOut
	if len(held) > r.cfg.MaxFlows {
		held = held[:r.cfg.MaxFlows]
	}
	distances := r.neighbours.distances(held)
	if len(distances) == 0 {
		return math.NaN(), math.NaN()
	}
	// Standard error of a median by its order statistics (binomial, one sigma).
	half := math.Sqrt(float64(len(distances))) / 2
	low := max(0, int(float64(len(distances))/2-half))
	high := min(len(distances)-1, int(math.Ceil(float64(len(distances))/2+half)))
	return median(distances), (distances[high] - distances[low]) / 2
}

// median is the median of a sorted sample.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
