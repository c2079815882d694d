package report

import (
	"fmt"
	"math"
	"slices"
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
	switch {
	case excess <= 2*spread+0.005:
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

// levelTitles name the levels in the order of the report.
var levelTitles = []struct{ level, title, about, scale string }{
	{"classifier", "Can a classifier tell?", "AUC of classifiers that are trained to tell synthetic from real, each by something else: 0.5 it cannot, 1 it always can. The first three are random forests, the others boosted trees. The strongest one counts.", "AUC, 0.5 to 1"},
	{"use", "Is it of use?", "How well a classifier that has learnt from synthetic flows, alone or beside a few real ones, does on real flows. The floor has learnt from real flows in their place.", "AUC, 0 to 1"},
	{"privacy", "Does it give the training data away?", "How much of the training data comes out again, how well an attacker tells which flows were learnt from, and what names somebody in it. Floors are what comes out where nothing is given away.", "share or AUC, 0 to 1"},
	{"packet", "Packets", "Distances between the distributions of single packets: 0 is the same distribution.", "0 to 1, square root"},
	{"radio", "Radio", "Distances between the distributions of what gateways note of LoRaWAN uplinks.", "0 to 1, square root"},
	{"order", "Order", "What follows what inside a flow.", "0 to 1, shares linear"},
	{"flow", "Flows", "Distances between the distributions of whole flows.", "0 to 1, square root"},
	{"load", "Load", "The traffic as a whole over time, real and synthetic cut to equal spans.", "0 to 1, square root"},
	{"published", "As others report it", "Scores as the NetShare and NeCSTGen papers define them, in their units, to set published figures beside.", ""},
}

// Scores is the score table of one application and of the levels given, all if
// none is.
func Scores(scores []fidelity.Score, application string, levels ...string) Table {
	var chosen []fidelity.Score
	baselines := map[string]bool{}
	for _, s := range scores {
		if s.Application == application && (len(levels) == 0 || slices.Contains(levels, s.Level)) {
			chosen = append(chosen, s)
			for name := range s.Baselines {
				baselines[name] = true
			}
		}
	}
	names := sortedKeys(baselines)
	t := Table{Title: "Scores of " + application, Heads: []string{"level", "score", "value", "floor", "±"}, Right: []bool{false, false, true, true, true}}
	for _, name := range names {
		t.Heads, t.Right = append(t.Heads, name), append(t.Right, true)
	}
	t.Heads, t.Right = append(t.Heads, "grade", "note"), append(t.Right, false, false)
	for _, s := range chosen {
		row := []string{s.Level, s.Score, formatScore(s.Value), formatScore(s.Floor), formatScore(s.FloorSpread)}
		for _, name := range names {
			row = append(row, formatScore(s.Baselines[name]))
		}
		g := gradeOf(s)
		t.Rows = append(t.Rows, append(row, strings.TrimSpace(gradeMarks[g]+" "+string(g)), noteOf(s)))
	}
	return t
}

// noteOf is a score's note, before it what a classifier looked at and how sure its AUC is.
func noteOf(s fidelity.Score) string {
	var parts []string
	if len(s.LooksAt) > 0 {
		parts = append(parts, "by "+strings.Join(s.LooksAt, ", "))
	}
	if s.Interval != nil {
		parts = append(parts, fmt.Sprintf("95 %%: %.2f to %.2f", s.Interval[0], s.Interval[1]))
	}
	if s.Note != "" {
		parts = append(parts, s.Note)
	}
	return strings.Join(parts, "; ")
}

// applications lists the applications of scores in their order.
func applications(scores []fidelity.Score) []string {
	var names []string
	for _, s := range scores {
		if !slices.Contains(names, s.Application) {
			names = append(names, s.Application)
		}
	}
	return names
}

// formatScore writes a score with three digits behind the point, fewer where it is
// large, and a dash where there is none.
func formatScore(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case math.Abs(*v) >= 1000:
		return thousands(int64(math.Round(*v)))
	case math.Abs(*v) >= 10:
		return fmt.Sprintf("%.1f", *v)
	}
	return fmt.Sprintf("%.3f", *v)
}

// strip draws a score on its own small scale: a grey band for the floor with two
// spreads, a disc for the value, a diamond and a square for the baselines.
func strip(s fidelity.Score) string {
	d, ok := definition(s)
	if !ok || s.Value == nil || s.Level == "published" || s.Score == "closest record" {
		return ""
	}
	const width, height, edge = 150, 18, 8
	at := func(v float64) float64 {
		switch d.Kind {
		case fidelity.Classifier:
			v = (v - 0.5) * 2
		case fidelity.Distance:
			v = math.Sqrt(max(0, v)) // so that small distances can be told apart
		}
		return edge + (width-2*edge)*min(1, max(0, v))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="strip" viewBox="0 0 %d %d" width="%d" height="%d" aria-hidden="true">`, width, height, width, height)
	fmt.Fprintf(&b, `<line x1="%d" y1="9" x2="%d" y2="9" stroke="#999" stroke-width="1"/>`, edge, width-edge)
	if s.Floor != nil {
		low, high := *s.Floor, *s.Floor
		if s.FloorSpread != nil {
			low, high = low-2**s.FloorSpread, high+2**s.FloorSpread
		}
		x0, x1 := at(low), at(high)
		fmt.Fprintf(&b, `<rect x="%.1f" y="2" width="%.1f" height="14" rx="2" fill="#bbb"/>`, x0-1.5, max(3, x1-x0+3))
	}
	for i, name := range sortedKeys(s.Baselines) {
		v := s.Baselines[name]
		if v == nil {
			continue
		}
		x := at(*v)
		if i%2 == 0 {
			fmt.Fprintf(&b, `<path d="M%.1f 4l5 5l-5 5l-5 -5z" fill="#fff" stroke="#0072B2" stroke-width="1.5"/>`, x)
		} else {
			fmt.Fprintf(&b, `<rect x="%.1f" y="5" width="8" height="8" fill="#fff" stroke="#009E73" stroke-width="1.5"/>`, x-4)
		}
	}
	fmt.Fprintf(&b, `<circle cx="%.1f" cy="9" r="5" fill="#D55E00" stroke="#fff" stroke-width="1"/></svg>`, at(*s.Value))
	return b.String()
}
