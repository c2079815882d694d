package report

import (
	"fmt"
	"math"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
)

// classifierFigure draws the AUC of every classifier of the first application, beside its
// floor and the baselines; nil: there is none.
func classifierFigure(scores []fidelity.Score) *figure.Figure {
	var of []fidelity.Score
	var names []string
	for _, s := range scores {
		if s.Application == scores[0].Application && s.Level == "classifier" && s.Value != nil {
			of = append(of, s)
			names = append(names, fmt.Sprintf("%s (%s)", s.Score, thousands(s.NSynthetic)))
		}
	}
	real, synthetic := figure.Bar{Name: "real from real"}, figure.Bar{Side: 1, Name: "synthetic"}
	for _, s := range of {
		floor, spread := valueOf(s.Floor), valueOf(s.FloorSpread)
		real.Values, real.Low, real.High = append(real.Values, floor), append(real.Low, floor-2*spread), append(real.High, floor+2*spread)
		low, high := math.NaN(), math.NaN()
		if s.Interval != nil {
			low, high = s.Interval[0], s.Interval[1]
		}
		synthetic.Values, synthetic.Low, synthetic.High = append(synthetic.Values, *s.Value), append(synthetic.Low, low), append(synthetic.High, high)
	}
	sides := []figure.Bar{real, synthetic}
	for i, name := range baselinesOf(of) {
		side := figure.Bar{Side: i + 2, Name: name}
		for _, s := range of {
			side.Values = append(side.Values, valueOf(s.Baselines[name]))
		}
		sides = append(sides, side)
	}
	f, err := figure.Rows("What classifiers tell from real", "AUC: 0.5 is guessing, 1 is certainty", names, sides...)
	if err != nil { // there is no value
		return nil
	}
	f.Name = "classifiers"
	f.Caption = "In brackets the flows, windows or uplinks of the synthetic side that were looked at. Lines are 95 % intervals, of real from real two spreads."
	return f
}

// valueOf is a score's number, not a number where there is none.
func valueOf(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
