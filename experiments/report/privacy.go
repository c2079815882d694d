package report

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// privacy says in one sentence whether an attacker can tell which flows were learnt from,
// and whether anything that names somebody was recovered, both beyond chance. The warning
// is empty unless one of them is so. Both are empty where neither was looked for.
func privacy(scores []fidelity.Score, application string) (sentence, warning string) {
	var parts, leaks []string
	members, found := membersTold(scores, application)
	if members != "" {
		parts = append(parts, members)
	}
	if found {
		leaks = append(leaks, "which flows it was learnt from")
	}
	recovered, compared := identifiersRecovered(scores, application)
	switch {
	case len(recovered) > 0:
		parts = append(parts, "it holds more than chance brings of the original's "+listed(recovered))
		leaks = append(leaks, "what names hosts or people in the original")
	case len(compared) > 0:
		parts = append(parts, "of the original's "+listed(compared)+" it holds no more than chance brings")
	}
	if len(leaks) > 0 {
		warning = "The synthetic traffic tells " + strings.Join(leaks, ", and ") + ". Do not hand it on as if it gave nothing away."
	}
	if len(parts) > 0 {
		sentence = upperFirst(strings.Join(parts, "; ")) + "."
	}
	return sentence, warning
}

// membersTold says how well the better of the attackers tells training flows from others,
// and reports whether that is beyond chance: whether all of its interval is above both a
// guess and what no leak comes to.
func membersTold(scores []fidelity.Score, application string) (text string, beyond bool) {
	var best, share *fidelity.Score
	for i := range scores {
		s := &scores[i]
		if s.Application != application || s.Level != "privacy" || s.Value == nil || !strings.HasPrefix(s.Score, "members by ") {
			continue
		}
		if strings.HasSuffix(s.Score, " AUC") && (best == nil || *s.Value > *best.Value) {
			best, share = s, nil
		} else if best != nil && share == nil && strings.HasPrefix(s.Score, strings.TrimSuffix(best.Score, " AUC")) {
			share = s
		}
	}
	if best == nil {
		return "", false
	}
	limit := 0.5
	if best.Floor != nil && best.FloorSpread != nil {
		limit = max(limit, *best.Floor+2**best.FloorSpread)
	}
	if best.Interval == nil || best.Interval[0] <= limit {
		return fmt.Sprintf("an attacker who knows a flow cannot tell beyond chance whether it was learnt from (AUC %.2f, 0.5 is guessing)", *best.Value), false
	}
	text = fmt.Sprintf("an attacker who knows a flow can tell whether it was learnt from (AUC %.2f, 0.5 is guessing)", *best.Value)
	if share != nil {
		text += fmt.Sprintf(" and finds %s of the training flows while taking 1 %% of others for such", percent(*share.Value))
	}
	return text, true
}

// identifiersRecovered lists what names somebody: what is recovered beyond chance, with how
// much of it, and all that was compared. Beyond chance is at least one more than it brings,
// and more than three spreads: with two, one in some ten captures that hold nothing would be
// warned of.
func identifiersRecovered(scores []fidelity.Score, application string) (recovered, compared []string) {
	for _, s := range scores {
		what, ok := strings.CutSuffix(s.Score, " recovered")
		if !ok || s.Application != application || s.Level != "privacy" || s.Value == nil || s.Floor == nil || s.FloorSpread == nil {
			continue
		}
		compared = append(compared, what)
		if excess := *s.Value - *s.Floor; excess > 3**s.FloorSpread && excess*float64(s.NReal) >= 1 {
			recovered = append(recovered, fmt.Sprintf("%s (%s, by chance %s)", what, percent(*s.Value), percent(*s.Floor)))
		}
	}
	return recovered, compared
}

// listed joins words with commas and "and".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// upperFirst begins a sentence.
func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
