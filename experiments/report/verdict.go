package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Verdict is in words how close the synthetic traffic is to the real one.
type Verdict struct {
	Headline string
	Points   []string // one sentence each
	Warning  string   // what a reader must not overlook; empty: nothing
}

// Markdown is the verdict as text with a list.
func (v Verdict) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s.**\n\n", v.Headline)
	for _, point := range v.Points {
		fmt.Fprintf(&b, "- %s\n", point)
	}
	if v.Warning != "" {
		fmt.Fprintf(&b, "\n**%s**\n", v.Warning)
	}
	return b.String()
}

// VerdictOf puts the scores of an application into words.
func VerdictOf(scores []fidelity.Score, application string) Verdict {
	find := func(level, name string) *fidelity.Score {
		for i, s := range scores {
			if s.Application == application && s.Level == level && s.Score == name && s.Value != nil {
				return &scores[i]
			}
		}
		return nil
	}
	var v Verdict
	flows, windows := find("classifier", "C2ST flow"), find("classifier", "C2ST window")
	uplinks := find("classifier", "C2ST uplink")
	v.Headline = headline(flows, windows, uplinks)
	if flows != nil {
		v.Points = append(v.Points, "Whole flows: "+aucSentence(*flows))
	}
	if windows != nil {
		v.Points = append(v.Points, "Five packets in a row: "+aucSentence(*windows))
	}
	if uplinks != nil {
		v.Points = append(v.Points, "Single uplinks: "+aucSentence(*uplinks))
	}
	if s := find("copying", "copied flows"); s != nil {
		text := fmt.Sprintf("%s of the synthetic flows repeat a training flow's exact sequence of lengths, directions and flags", percent(*s.Value))
		if s.Floor != nil {
			text += fmt.Sprintf("; of new real flows %s do", percent(*s.Floor))
			if *s.Value > *s.Floor+0.05 {
				v.Warning = "More of the synthetic traffic is copied from the training data than new real traffic would repeat. Do not hand it on as if it gave nothing away."
			}
		}
		v.Points = append(v.Points, text+".")
	}
	if open, closed := find("order", "handshake share"), find("order", "close share"); open != nil && closed != nil {
		v.Points = append(v.Points, fmt.Sprintf("%s of the synthetic TCP flows open with a full handshake%s, %s close properly%s.",
			percent(*open.Value), ofReal(open), percent(*closed.Value), ofReal(closed)))
	}
	if worst := furthest(scores, application); worst != "" {
		v.Points = append(v.Points, worst)
	}
	return v
}

// headline is the verdict by the classifier with the highest AUC.
func headline(classifiers ...*fidelity.Score) string {
	worst := 0.0
	for _, s := range classifiers {
		if s != nil {
			worst = max(worst, *s.Value)
		}
	}
	switch {
	case worst == 0:
		return "Not judged: no classifier could be trained"
	case worst <= 0.6:
		return "Hard to tell from the real traffic"
	case worst <= 0.75:
		return "Close to the real traffic, with differences a classifier finds"
	case worst <= 0.9:
		return "Recognisably different from the real traffic"
	}
	return "Easy to tell from the real traffic"
}

// aucSentence is the AUC of a classifier as a sentence.
func aucSentence(s fidelity.Score) string {
	text := fmt.Sprintf("a random forest tells synthetic from real with AUC %.2f (0.5 is guessing, 1 is certainty", *s.Value)
	if s.Floor != nil {
		text += fmt.Sprintf("; real from real %.2f", *s.Floor)
	}
	return text + ")."
}

// ofReal is the floor of a proportion in brackets, if there is one.
func ofReal(s *fidelity.Score) string {
	if s.Floor == nil {
		return ""
	}
	return fmt.Sprintf(" (real %s)", percent(*s.Floor))
}

// percent writes a proportion as a percentage with one digit behind the point, two
// near 0 and 1.
func percent(proportion float64) string {
	step := 1000.0
	if proportion < 0.01 || proportion > 0.99 {
		step = 10000
	}
	switch rounded := math.Round(proportion * step); {
	case rounded == step && proportion < 1:
		return "more than 99.99 %"
	case rounded == 0 && proportion > 0:
		return "less than 0.01 %"
	default:
		return fmt.Sprintf("%.4g %%", rounded/step*100)
	}
}

// furthest names the packet, order and flow scores that are furthest above their
// floor.
func furthest(scores []fidelity.Score, application string) string {
	type gap struct {
		name         string
		value, floor float64
	}
	var gaps []gap
	for _, s := range scores {
		d, ok := definition(s)
		if !ok || s.Application != application || s.Value == nil || s.Floor == nil || d.Kind != fidelity.Distance {
			continue
		}
		if g := gradeOf(s); (g == offReal || g == farReal) && s.Level != "published" {
			gaps = append(gaps, gap{s.Score, *s.Value, *s.Floor})
		}
	}
	if len(gaps) == 0 {
		return "No distance of packets, order, flows or load is far above what real data reach against real data."
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(b.value-b.floor, a.value-a.floor) })
	text := "Furthest from real: "
	for i, g := range gaps[:min(3, len(gaps))] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %.2f (real against real %.2f)", g.name, g.value, g.floor)
	}
	return text + "."
}
