package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// grade is how near a score comes to what real data reach against real data.
type grade string

// The grades, and the one of a score that has none: no value, no floor, or a
// unit of its own.
const (
	asReal   grade = "as real" // within two spreads of the floor
	nearReal grade = "close"
	offReal  grade = "off"
	farReal  grade = "far"
	ungraded grade = "–"
)

// gradeMarks fill up as a score gets better, so that they can be read without
// colours.
var gradeMarks = map[grade]string{asReal: "●", nearReal: "◕", offReal: "◑", farReal: "○", ungraded: ""}

// limits are the distances from the floor up to which a score is close and off,
// by kind: of distances, AUCs and proportions alike in the unit of the score.
var limits = map[fidelity.Kind][2]float64{
	fidelity.Distance:   {0.1, 0.3},
	fidelity.Classifier: {0.15, 0.35},
	fidelity.Proportion: {0.05, 0.2},
	fidelity.Similarity: {0.05, 0.2},
}

// bitLimits are the limits of divergences in bits, which go with the square of a distance.
var bitLimits = [2]float64{0.01, 0.09}

// asRealBeyond is how far beyond two spreads of its floor a score is still as real: what
// rounding and small samples move it.
const asRealBeyond = 0.005

// gradeMeaning is a grade as the page defines it.
type gradeMeaning struct{ Mark, Name, Meaning string }

// gradeMeanings define the grades in words, from the numbers that gradeOf goes by.
func gradeMeanings() []gradeMeaning {
	upTo := func(i int) string {
		return fmt.Sprintf("at most %g worse than its floor in a distance, %g in a divergence in bits, %g in an AUC, %g in a share", limits[fidelity.Distance][i], bitLimits[i], limits[fidelity.Classifier][i], limits[fidelity.Proportion][i])
	}
	return []gradeMeaning{
		{gradeMarks[asReal], string(asReal), fmt.Sprintf("no worse than its floor by more than two of the floor's spreads and %g", asRealBeyond)},
		{gradeMarks[nearReal], string(nearReal), upTo(0)},
		{gradeMarks[offReal], string(offReal), upTo(1)},
		{gradeMarks[farReal], string(farReal), "worse than that"},
	}
}

// marked is a grade with its mark, which never stand on two lines.
func (g grade) marked() string {
	return strings.TrimSpace(gradeMarks[g] + "\u00a0" + strings.ReplaceAll(string(g), " ", "\u00a0"))
}

// gradeOf grades a score. Scores that other papers define are not graded.
func gradeOf(s fidelity.Score) grade {
	d, ok := definition(s)
	if !ok || s.Value == nil || s.Floor == nil || s.Level == "published" {
		return ungraded
	}
	var spread float64
	if s.FloorSpread != nil {
		spread = *s.FloorSpread
	}
	excess := *s.Value - *s.Floor
	switch {
	case s.Score == "closest record":
		excess = -excess / max(*s.Floor, 1e-9) // nearer than held-out flows is worse
	case s.Level == "privacy" || d.Kind == fidelity.Distance || d.Kind == fidelity.Classifier:
	case d.Kind == fidelity.Proportion:
		excess = math.Abs(excess)
	default:
		excess = -excess
	}
	limit := limits[d.Kind]
	if strings.HasSuffix(s.Score, " bits") {
		limit = bitLimits
	}
	switch {
	case excess <= 2*spread+asRealBeyond:
		return asReal
	case excess <= limit[0]:
		return nearReal
	case excess <= limit[1]:
		return offReal
	}
	return farReal
}

// definition is the definition of a score, if this version has such a score.
func definition(s fidelity.Score) (fidelity.Definition, bool) {
	for _, d := range fidelity.Definitions() {
		if d.Level == s.Level && d.Name == s.Score {
			return d, true
		}
	}
	return fidelity.Definition{}, false
}
