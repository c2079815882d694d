package report_test

import (
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
)

// TestPrivacyOfVerdict: the verdict says in one sentence what the synthetic traffic gives
// away beyond chance, and warns of that alone.
func TestPrivacyOfVerdict(t *testing.T) {
	members := func(by string, value, low, found float64) []fidelity.Score {
		area := score("privacy", "members by "+by+" AUC", value, 0.51, 0.01)
		area.Interval = &[2]float64{low, value + value - low}
		return []fidelity.Score{area, score("privacy", "members by "+by+" found", found, 0.01, 0.005)}
	}
	recovered := func(what string, value, floor, spread float64) fidelity.Score {
		s := score("privacy", what+" recovered", value, floor, spread)
		s.NReal = 100
		return s
	}
	join := func(lists ...[]fidelity.Score) (all []fidelity.Score) {
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	absent := fidelity.Score{Application: "HTTP", Level: "privacy", Score: "names recovered", Note: "no payload"}
	for _, test := range []struct {
		name           string
		scores         []fidelity.Score
		want, warnings string // "": no such sentence
	}{
		{"nothing given away", join(members("distance", 0.53, 0.49, 0.02), members("likelihood", 0.48, 0.44, 0.01), []fidelity.Score{recovered("addresses", 0, 0, 0), recovered("client ports", 0.06, 0.05, 0.006), absent, recovered("payload", 0.02, 0.07, 0.002)}),
			"An attacker who knows a flow cannot tell beyond chance whether it was learnt from (AUC 0.53, 0.5 is guessing); of the original's addresses, client ports and payload it holds no more than chance brings.", ""},
		{"members", join(members("distance", 0.6, 0.55, 0.1), members("likelihood", 0.88, 0.84, 0.77), []fidelity.Score{recovered("addresses", 0, 0, 0)}),
			"An attacker who knows a flow can tell whether it was learnt from (AUC 0.88, 0.5 is guessing) and finds 77 % of the training flows while taking 1 % of others for such; of the original's addresses it holds no more than chance brings.", "The synthetic traffic tells which flows it was learnt from. Do not"},
		{"above a guess, but not above what no leak comes to", members("distance", 0.56, 0.525, 0.1), "An attacker who knows a flow cannot tell beyond chance whether it was learnt from (AUC 0.56, 0.5 is guessing).", ""},
		{"addresses", join(members("distance", 0.53, 0.49, 0.02), []fidelity.Score{recovered("addresses", 1, 0, 0), recovered("names", 0.01, 0, 0), recovered("payload", 0, 0.1, 0.01)}),
			"; it holds more than chance brings of the original's addresses (100 %, by chance 0 %) and names (1 %, by chance 0 %).", "The synthetic traffic tells what names hosts or people in the original. Do not"},
		{"both", join(members("distance", 0.9, 0.88, 0.8), []fidelity.Score{recovered("addresses", 1, 0, 0)}), "more than chance brings", "The synthetic traffic tells which flows it was learnt from, and what names hosts or people in the original. Do not"},
		{"less than one more than by chance", []fidelity.Score{recovered("link addresses", 0.005, 0.001, 0.0001)}, "Of the original's link addresses it holds no more than chance brings.", ""},
		{"nothing looked for", []fidelity.Score{absent}, "", ""},
	} {
		v := report.VerdictOf(test.scores, "HTTP")
		text := strings.Join(v.Points, "\n")
		if !strings.Contains(text, test.want) || test.want == "" && strings.Contains(text, "chance") {
			t.Errorf("%s:\n%s\nlacks %q", test.name, text, test.want)
		}
		if !strings.HasPrefix(v.Warning, test.warnings) || test.warnings == "" && v.Warning != "" {
			t.Errorf("%s: warning %q, want %q", test.name, v.Warning, test.warnings)
		}
	}
}
