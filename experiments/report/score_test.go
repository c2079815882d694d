package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
)

func number(v float64) *float64 { return &v }

func score(level, name string, value, floor, spread float64) fidelity.Score {
	return fidelity.Score{
		Application: "HTTP", Level: level, Score: name, Value: number(value), Floor: number(floor), FloorSpread: number(spread),
		Baselines: map[string]*float64{"bootstrap": number(floor), "markov": nil},
	}
}

func TestGradeOf(t *testing.T) {
	for _, test := range []struct {
		name string
		in   fidelity.Score
		want string
	}{
		{"at the floor", score("packet", "length KS", 0.03, 0.02, 0.005), "as real"},
		{"below the floor", score("packet", "length KS", 0.01, 0.02, 0.001), "as real"},
		{"close", score("packet", "length KS", 0.1, 0.02, 0.005), "close"},
		{"off", score("packet", "length KS", 0.2, 0.02, 0.005), "off"},
		{"far", score("packet", "length KS", 0.9, 0.02, 0.005), "far"},
		{"classifier", score("classifier", "C2ST flow", 0.75, 0.5, 0.01), "off"},
		{"fewer handshakes", score("order", "handshake share", 0.5, 1, 0), "far"},
		{"more handshakes", score("order", "handshake share", 1, 0.97, 0.01), "close"},
		{"fewer copies", score("privacy", "copied flows", 0, 0.3, 0.01), "as real"},
		{"more copies", score("privacy", "copied flows", 0.6, 0.3, 0.01), "far"},
		{"nearer to training", score("privacy", "closest record", 0.1, 0.4, 0.01), "far"},
		{"further from training", score("privacy", "closest record", 0.5, 0.4, 0.01), "as real"},
		{"unit of its own", score("published", "NetShare EMD PS", 300, 2, 0.1), "–"},
		{"no value", fidelity.Score{Level: "packet", Score: "length KS"}, "–"},
		{"unknown score", score("packet", "colour", 1, 0, 0), "–"},
	} {
		if got := report.GradeOf(test.in); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestVerdictOf(t *testing.T) {
	good := []fidelity.Score{
		score("classifier", "C2ST flow", 0.52, 0.5, 0.01), score("classifier", "C2ST window", 0.58, 0.52, 0.01),
		score("privacy", "copied flows", 0.02, 0.03, 0.01), score("packet", "length KS", 0.02, 0.02, 0.01),
	}
	v := report.VerdictOf(good, "HTTP")
	if v.Headline != "Hard to tell from the real traffic" || v.Warning != "" {
		t.Errorf("%+v", v)
	}
	bad := []fidelity.Score{
		score("classifier", "C2ST flow", 0.99, 0.5, 0.01), score("privacy", "copied flows", 0.7, 0.03, 0.01),
		score("packet", "length KS", 0.8, 0.02, 0.01), score("order", "handshake share", 0.5, 1, 0), score("order", "close share", 0.9994, 1, 0),
	}
	v = report.VerdictOf(bad, "HTTP")
	text := strings.Join(v.Points, "\n")
	for _, want := range []string{"AUC 0.99", "70 % of the synthetic flows", "50 % of the synthetic TCP flows", "99.94 % close", "length KS 0.80 (real against real 0.02)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the verdict lacks %q:\n%s", want, text)
		}
	}
	if v.Headline != "Easy to tell from the real traffic" || !strings.Contains(v.Warning, "copied") {
		t.Errorf("%s, %s", v.Headline, v.Warning)
	}
	if text := v.Markdown(); !strings.HasPrefix(text, "**Easy to tell") || strings.Count(text, "\n- ") != len(v.Points) || !strings.HasSuffix(text, "nothing away.**\n") {
		t.Errorf("as Markdown:\n%s", text)
	}
	if strings.Contains(text, "Markov") {
		t.Errorf("no Markov chain was scored:\n%s", text)
	}
	if v := report.VerdictOf(nil, "HTTP"); !strings.HasPrefix(v.Headline, "Not judged") {
		t.Errorf("without scores: %s", v.Headline)
	}
}

// TestAdversariesInVerdict: the strongest classifier decides, by what it looks at; one
// that tells real from real does not; a chain that is closer is named.
func TestAdversariesInVerdict(t *testing.T) {
	header := score("classifier", "header fields", 0.97, 0.51, 0.01)
	header.LooksAt, header.Interval = []string{"different receive windows of the client"}, &[2]float64{0.95, 0.99}
	saturated := score("classifier", "sessions", 1, 0.99, 0.01)
	chained := score("classifier", "gaps", 0.71, 0.5, 0.01)
	chained.Baselines["markov"] = number(0.6)
	v := report.VerdictOf([]fidelity.Score{score("classifier", "C2ST flow", 0.66, 0.5, 0.01), header, saturated, chained}, "HTTP")
	if v.Headline != "Easy to tell from the real traffic" {
		t.Errorf("headline %q", v.Headline)
	}
	text := strings.Join(v.Points, "\n")
	for _, want := range []string{
		"The classifier that looks at header fields tells synthetic from real best, with AUC 0.97 (0.5 is guessing, 1 is certainty; 95 %: 0.95 to 0.99; real from real 0.51), most by different receive windows of the client.",
		"The others look at the gaps alone 0.71, whole flows 0.66.",
		"Nothing follows from the sessions of a client: that classifier tells halves of the real traffic apart, too, with AUC 0.99.",
		"harder to tell from the real traffic than this: the gaps alone 0.60 against 0.71.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the verdict lacks %q:\n%s", want, text)
		}
	}
	far := score("packet", "length KS", 0.5, 0.02, 0.01)
	far.Baselines["markov"] = number(0.1)
	if v := report.VerdictOf([]fidelity.Score{far, saturated}, "HTTP"); v.Headline != "Not judged: no classifier says anything" || !strings.Contains(strings.Join(v.Points, "\n"), "closer to the real traffic in 1 of 1 distances") {
		t.Errorf("%+v", v)
	}
	chained.Baselines["markov"] = number(0.9)
	if v := report.VerdictOf([]fidelity.Score{far, chained}, "HTTP"); !strings.Contains(strings.Join(v.Points, "\n"), "1 of 1 distances, but classifiers tell it more easily") {
		t.Errorf("%+v", v)
	}
}

func ExampleScores() {
	scores := []fidelity.Score{
		score("classifier", "C2ST flow", 0.57, 0.51, 0.01),
		score("packet", "length KS", 0.021, 0.02, 0.004),
		{Application: "HTTP", Level: "load", Score: "Hurst exponent", Note: "too short"},
	}
	table := report.Scores(scores, "HTTP")
	for _, row := range append([][]string{table.Heads}, table.Rows...) {
		fmt.Println(strings.Join(row, "|"))
	}
	// Output:
	// level|score|value|floor|±|bootstrap|markov|grade|note
	// classifier|C2ST flow|0.570|0.510|0.010|0.510|–|◕ close|
	// packet|length KS|0.021|0.020|0.004|0.020|–|● as real|
	// load|Hurst exponent|–|–|–|–|–|–|too short
}
