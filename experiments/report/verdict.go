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
	told := adversariesOf(scores, application)
	v.Headline = headline(told)
	v.Points = append(v.Points, told.sentences()...)
	if s := find("privacy", "copied flows"); s != nil {
		text := fmt.Sprintf("%s of the synthetic flows repeat a training flow's exact sequence of lengths, directions and flags", percent(*s.Value))
		if s.Floor != nil {
			text += fmt.Sprintf("; of new real flows %s do", percent(*s.Floor))
			if *s.Value > *s.Floor+0.05 {
				v.Warning = "More of the synthetic traffic is copied from the training data than new real traffic would repeat. Do not hand it on as if it gave nothing away."
			}
		}
		v.Points = append(v.Points, text+".")
	}
	if sentence, warning := privacy(scores, application); sentence != "" {
		v.Points = append(v.Points, sentence)
		v.Warning = strings.TrimSpace(v.Warning + " " + warning)
	}
	if open, closed := find("order", "handshake share"), find("order", "close share"); open != nil && closed != nil {
		v.Points = append(v.Points, fmt.Sprintf("%s of the synthetic TCP flows open with a full handshake%s, %s close properly%s.",
			percent(*open.Value), ofReal(open), percent(*closed.Value), ofReal(closed)))
	}
	v.Points = append(v.Points, furthest(scores, application))
	if text := baselineCloser(scores, application); text != "" {
		v.Points = append(v.Points, text)
	}
	return v
}

// adversaries are the classifiers that say something, the strongest first, and those that
// find as much between halves of the real data.
type adversaries struct {
	telling, saturated []fidelity.Score
}

// saturation is the floor from which on a classifier says nothing: it tells real from
// real.
const saturation = 0.75

func adversariesOf(scores []fidelity.Score, application string) adversaries {
	var a adversaries
	for _, s := range scores {
		if s.Application != application || s.Level != "classifier" || s.Value == nil {
			continue
		}
		if s.Floor != nil && *s.Floor >= saturation {
			a.saturated = append(a.saturated, s)
		} else {
			a.telling = append(a.telling, s)
		}
	}
	slices.SortStableFunc(a.telling, func(x, y fidelity.Score) int { return cmp.Compare(*y.Value, *x.Value) })
	return a
}

// headline is the verdict by the strongest classifier.
func headline(a adversaries) string {
	if len(a.telling) == 0 {
		return "Not judged: no classifier says anything"
	}
	switch worst := *a.telling[0].Value; {
	case worst <= 0.6:
		return "Hard to tell from the real traffic"
	case worst <= 0.75:
		return "Close to the real traffic, with differences a classifier finds"
	case worst <= 0.9:
		return "Recognisably different from the real traffic"
	}
	return "Easy to tell from the real traffic"
}

// seen says what a classifier looks at.
var seen = map[string]string{
	"C2ST flow": "whole flows", "C2ST window": "five packets in a row", "C2ST uplink": "single uplinks", "boosted flow": "whole flows in more detail",
	"boosted window": "five packets in a row, by boosted trees", "gaps": "the gaps alone", "first packets": "the first ten packets",
	"header fields": "header fields", "sessions": "the sessions of a client", "recurrent flow": "flows packet by packet",
}

// sentences are the strongest classifier's AUC and what it looks at, and the others'.
func (a adversaries) sentences() []string {
	var list []string
	for i, s := range a.telling {
		what := cmp.Or(seen[s.Score], s.Score)
		if i > 0 {
			list = append(list, what+" "+auc(*s.Value))
			continue
		}
		text := fmt.Sprintf("The classifier that looks at %s tells synthetic from real best, with AUC %s (0.5 is guessing, 1 is certainty", what, auc(*s.Value))
		if s.Interval != nil {
			text += fmt.Sprintf("; 95 %%: %s to %s", auc(s.Interval[0]), auc(s.Interval[1]))
		}
		if s.Floor != nil {
			text += fmt.Sprintf("; real from real %.2f", *s.Floor)
		}
		text += ")"
		if len(s.LooksAt) > 0 {
			text += ", most by " + strings.Join(s.LooksAt, ", ")
		}
		list = append(list, text+".")
	}
	if len(list) > 1 {
		list = []string{list[0], "The others look at " + strings.Join(list[1:], ", ") + "."}
	}
	for _, s := range a.saturated {
		list = append(list, fmt.Sprintf("Nothing follows from %s: that classifier tells halves of the real traffic apart, too, with AUC %.2f.", cmp.Or(seen[s.Score], s.Score), *s.Floor))
	}
	return list
}

// auc writes an AUC with two digits behind the point, three where two would make it 1.
func auc(v float64) string {
	if v >= 0.995 && v < 1 {
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// markov is the name of the Markov chain among the baselines of a score.
const markov = "markov"

// baselineCloser says that the Markov chain is closer to the real traffic than the model,
// where it is: by the classifiers that look at both, or in most distances. The bootstrap
// copies real flows and is closer by construction.
func baselineCloser(scores []fidelity.Score, application string) string {
	var easier []string
	closer, all, harder := 0, 0, 0
	for _, s := range scores {
		d, ok := definition(s)
		chain := s.Baselines[markov]
		if !ok || s.Application != application || s.Value == nil || chain == nil || s.Level == "published" || s.Level == "privacy" {
			continue
		}
		switch d.Kind {
		case fidelity.Classifier:
			if *chain < *s.Value-0.02 {
				easier = append(easier, fmt.Sprintf("%s %.2f against %.2f", cmp.Or(seen[s.Score], s.Score), *chain, *s.Value))
			} else if *chain > *s.Value+0.02 {
				harder++
			}
		case fidelity.Distance:
			if all++; d.DistanceFromReal(*chain, s.Floor) < d.DistanceFromReal(*s.Value, s.Floor) {
				closer++
			}
		}
	}
	switch {
	case len(easier) > 0:
		return "The Markov chain, the simple baseline, is harder to tell from the real traffic than this: " + strings.Join(easier, ", ") + "."
	case 2*closer > all && harder > 0:
		return fmt.Sprintf("The Markov chain, the simple baseline, is closer to the real traffic in %d of %d distances, but classifiers tell it more easily.", closer, all)
	case 2*closer > all:
		return fmt.Sprintf("The Markov chain, the simple baseline, is closer to the real traffic in %d of %d distances.", closer, all)
	}
	return ""
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
