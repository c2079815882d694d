package fidelity

import (
	"fmt"
	"math"
)

// Kind says how a score is read.
type Kind string

// The kinds of scores.
const (
	Distance   Kind = "distance"   // 0 is best; the floor is what sampling alone makes
	Classifier Kind = "classifier" // 0.5: cannot be told apart; 1: always told apart
	Proportion Kind = "proportion" // of the synthetic side; the floor is what the real data have
	Similarity Kind = "similarity" // 1 is best
)

// Definition describes a score.
type Definition struct {
	Level, Name string // as in Score
	Kind        Kind
	Meaning     string // one sentence
}

// DistanceFromReal returns how far a value of the score is from what real traffic has,
// 0 being as good as real, in the unit of the score. floor is the value's own floor; nil:
// it has none. Values of one score can be compared by it, values of different ones
// cannot.
func (d Definition) DistanceFromReal(value float64, floor *float64) float64 {
	switch {
	case d.Kind == Classifier && d.Level == "privacy": // an attacker who does worse than by chance finds nothing
		return max(0, value-0.5)
	case d.Kind == Classifier:
		return math.Abs(value - 0.5)
	case d.Kind == Similarity:
		return 1 - value
	case d.Kind != Proportion || floor == nil:
		return value
	case d.Level == "privacy" && d.Name == "closest record": // farther from the training data than real traffic is as good
		return max(0, *floor-value)
	case d.Level == "privacy": // less than real traffic repeats is as good
		return max(0, value-*floor)
	}
	return math.Abs(value - *floor)
}

// In returns the first of the scores that the definition describes: that of all
// applications together. It is nil where there is none.
func (d Definition) In(scores []Score) *Score {
	for i := range scores {
		if scores[i].Level == d.Level && scores[i].Score == d.Name {
			return &scores[i]
		}
	}
	return nil
}

// measure is a definition with its computation. floor, where it is set, gives
// the score's floor and spread in place of the random halves.
type measure struct {
	Definition
	compute func(c *comparison) result
	floor   func(r *reference) (mean, deviation float64)
	flows   bool // it needs flows
	uplinks bool // it needs LoRaWAN uplinks
	hosts   bool // it is of hosts, which baselines do not make
	needs   Lacks
	all     bool // it is computed on all flows, not on a random part of many
}

// NotApplicable begins the note of a score that makes no sense for the traffic: of
// a TCP connection where there is none, of a radio, of flows without flows.
const NotApplicable = "does not apply"

// notApplicable is the result of a score that makes no sense, with the reason.
func notApplicable(why string) result { return missing("%s: %s", NotApplicable, why) }

// of is the score's result in a comparison, or the reason why it does not apply.
func (m *measure) of(c *comparison) result {
	switch {
	case m.flows && c.cfg.NoFlow:
		return notApplicable("the traffic is one timeline without flows")
	case m.uplinks && c.real.radio == nil:
		return notApplicable("the traffic is no LoRaWAN uplinks")
	case m.uplinks && c.synthetic.radio == nil:
		return missing("the synthetic packets have no radio metadata")
	case m.needs&c.cfg.Lacks != 0:
		return missing("one side has no %s", m.needs&c.cfg.Lacks)
	case m.hosts && c.baseline:
		return missing("baselines do not make them")
	}
	return m.compute(c)
}

// onAll marks measures that are computed on all flows.
func onAll(list []measure) []measure {
	for i := range list {
		list[i].all = true
	}
	return list
}

// ofFlows marks measures that need flows.
func ofFlows(list []measure) []measure {
	for i := range list {
		list[i].flows = true
	}
	return list
}

// Definitions lists the scores in the order in which Compare returns them, and behind
// them those of CompareTables.
func Definitions() []Definition {
	var list []Definition
	for _, m := range measures {
		list = append(list, m.Definition)
	}
	for _, m := range tableMeasures {
		list = append(list, m.Definition)
	}
	return list
}

// measures are all scores, in the order of Definitions. Each file of scores gives a
// part.
var measures = func() []measure {
	var all []measure
	for _, part := range [][]measure{
		packetMeasures(), radioMeasures(), orderMeasures(), flowMeasures(), coverageMeasures(), onAll(loadMeasures()), classifierMeasures(), useMeasures(),
		copiedMeasures(), membershipMeasures(), identifierMeasures(), toolsMeasures(), publishedMeasures(),
	} {
		all = append(all, part...)
	}
	return all
}()

// numeric makes the two distances of a numeric marginal.
func numeric(level, name, what string, values func(s *sample) []float64) []measure {
	return []measure{
		{
			Definition: Definition{level, name + " W1/sd", Distance,
				"Wasserstein-1 distance of " + what + ", divided by the real standard deviation."},
			compute: func(c *comparison) result { return scaledWasserstein(each(values(c.real)), each(values(c.synthetic))) },
		},
		{
			Definition: Definition{level, name + " KS", Distance,
				"Kolmogorov-Smirnov distance of " + what + ": the greatest difference of the two distribution functions."},
			compute: func(c *comparison) result { return greatestGap(each(values(c.real)), each(values(c.synthetic))) },
		},
	}
}

// greatestGap is the Kolmogorov-Smirnov distance as a result.
func greatestGap(real, synthetic distribution) result {
	return compared(kolmogorovSmirnov(real, synthetic), int(real.size()), int(synthetic.size()))
}

// scaledWasserstein is the Wasserstein-1 distance in real standard deviations.
func scaledWasserstein(real, synthetic distribution) result {
	r := compared(wasserstein(real, synthetic), int(real.size()), int(synthetic.size()))
	_, deviation := real.moments()
	switch {
	case math.IsNaN(r.value) || r.value == 0:
	case deviation <= 1e-9*math.Abs(real.values[0]): // equal values, but for the rounding of their mean
		r.note = fmt.Sprintf("all real values are %.6g: no standard deviation to divide %.6g by", real.values[0], r.value)
		r.value = math.NaN()
	default:
		r.value /= deviation
	}
	return r
}

// compared is the result of a distance between samples of those sizes. If a sample
// is empty, a note in place of the value says so.
func compared(value float64, real, synthetic int) result {
	r := result{value: value, real: real, synthetic: synthetic}
	switch {
	case real == 0 && synthetic == 0:
		return notApplicable("neither side has such values")
	case real == 0 || synthetic == 0:
		r.value = math.NaN()
		r.note = fmt.Sprintf("%d real and %d synthetic values", real, synthetic)
	}
	return r
}

// tables compares two tables of counts.
func tables[K comparable](distance func(p, q map[K]float64) float64, p, q map[K]float64) result {
	return compared(distance(p, q), int(total(p)), int(total(q)))
}

// total is the sum of a table.
func total[K comparable](counts map[K]float64) float64 {
	var sum float64
	for _, n := range counts {
		sum += n // whole numbers: any order gives the same sum
	}
	return sum
}
